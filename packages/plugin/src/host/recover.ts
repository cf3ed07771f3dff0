import { closeSync, constants, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { pluginName, vendorName } from '../names.ts';
import type { PluginName, VendorName } from '../names.ts';
import { pruneContent } from './content.ts';
import type { Context } from './context.ts';
import { HostFailureError } from './errors.ts';
import { evidenceRecords } from './evidence.ts';
import { removeUnlessLive } from './live.ts';
import { pluginPaths, versionFolder } from './paths.ts';
import { goBack, readPointer } from './pointer.ts';
import { names, pluginFolders } from './record.ts';
import { asDiskError, readState, toJson } from './state-file.ts';

interface Journal {
  readonly operation: 'install' | 'rollback' | 'uninstall' | 'repair';
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  /** The version folders that were there before: another one stays only if it is pointed to. `null` = all may stay. */
  readonly kept: readonly string[] | null;
}

/** Says what is about to be touched. Not synced: after a power failure a torn or lost journal only means more to look at. */
export function writeJournal(context: Context, journal: Journal): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const { kept, ...rest } = journal;
  const text = toJson({ format: 'ragnos-journal/1', ...rest, ...(kept === null ? {} : { kept }) });
  try {
    const handle = openSync(context.paths.journal, flags, 0o600);
    try {
      writeSync(handle, text);
    } catch (error) {
      removeJournal(context); // it is ours: nothing was touched yet
      throw error;
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw asDiskError(`cannot write ${context.paths.journal}`, error);
  }
}

export function removeJournal(context: Context): void {
  rmSync(context.paths.journal, { force: true });
}

function isOperation(text: string): text is Journal['operation'] {
  return text === 'install' || text === 'rollback' || text === 'uninstall' || text === 'repair';
}

/** `null` = no operation died; `torn` = one did, and left us nothing to read. */
async function readJournal(context: Context): Promise<Journal | 'torn' | null> {
  try {
    return await readState(context.paths.journal, (json) => {
      const operation = json.string('operation');
      if (!isOperation(operation)) return json.fail('operation', 'install, rollback, uninstall or repair');
      return {
        operation,
        vendor: vendorName(json.string('vendor')),
        plugin: pluginName(json.string('plugin')),
        kept: json.has('kept') ? json.strings('kept') : null,
      };
    });
  } catch (error) {
    if (error instanceof HostFailureError) return 'torn';
    throw error;
  }
}

/** Whoever holds the lock and finds a journal: its writer died, or could not go back. The old or the new state stays, the rest goes. */
export async function recover(context: Context): Promise<void> {
  const journal = await readJournal(context);
  if (journal === null) return;
  const touched =
    journal === 'torn'
      ? pluginFolders(context.paths).map(([vendor, plugin]) => ({
          vendor: vendorName(vendor),
          plugin: pluginName(plugin),
          kept: null,
        }))
      : [journal];
  for (const { vendor, plugin, kept } of touched) {
    // Only these begin a trial: what another operation finds is the rest of one that passed.
    const trial = journal === 'torn' || journal.operation === 'install' || journal.operation === 'rollback';
    if (trial && (await goBack(pluginPaths(context.paths, vendor, plugin))))
      context.events.change(
        'RECOVERED',
        `${vendor}/${plugin} is as it was: nobody saw a health check pass`,
        `${vendor}/${plugin}`,
      );
    await sweepPlugin(context, vendor, plugin, kept);
  }
  await pruneContent(context);
  removeJournal(context);
  const what =
    journal === 'torn' ? 'an operation' : `${journal.operation} of ${journal.vendor}/${journal.plugin}`;
  context.events.change('RECOVERED', `${what} had been interrupted; its remains were removed`, null);
}

/**
 * Removes from a plugin's folder what no pointer leads to and no evidence vouches for; all of it, if there is no pointer. A
 * tree that a process runs from stays until the next time. The lock is held.
 */
export async function sweepPlugin(
  context: Context,
  vendor: VendorName,
  plugin: PluginName,
  kept: readonly string[] | null,
): Promise<void> {
  const paths = pluginPaths(context.paths, vendor, plugin);
  const pointer = await readPointer(context, { vendor, plugin });
  const referenced = [pointer, pointer?.previous].flatMap((version) =>
    version === null || version === undefined ? [] : [versionFolder(version.version, version.treeHash)],
  );
  const records = pointer === null ? [] : [...(await evidenceRecords(paths)).keys()];
  const vouched = new Set([...referenced, ...records.filter((name) => kept === null || kept.includes(name))]);
  for (const name of names(paths.folder))
    if (name !== 'current' && name !== 'versions' && name !== 'evidence')
      rmSync(join(paths.folder, name), { recursive: true, force: true });
  let left = false;
  for (const name of new Set([...names(paths.versions), ...names(paths.evidence)])) {
    if (vouched.has(name)) continue;
    const removed = await removeUnlessLive(context, { vendor, plugin }, name, () => {
      for (const folder of [paths.versions, paths.evidence])
        rmSync(join(folder, name), { recursive: true, force: true });
    });
    left ||= !removed;
  }
  if (pointer !== null || left) return;
  rmSync(paths.folder, { recursive: true, force: true });
  removeIfEmpty(dirname(paths.folder));
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return; // others live here
  }
}
