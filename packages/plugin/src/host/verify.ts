import { VaultError } from '@ragnos/tuf';
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { PluginManifest } from '../formats/manifest.ts';
import type { VerifyOptions } from './api.ts';
import type { DamagedPlugin, Held, VerifyResult } from './reports.ts';
import { refuseRevoked } from './change.ts';
import { knownCatalog, refuseSuspended } from './catalog.ts';
import { readContent } from './content.ts';
import type { Context } from './context.ts';
import { withLock } from './context.ts';
import { HostUntrustedError } from './errors.ts';
import { verifyEvidence } from './evidence.ts';
import { permitFor } from './grants-permit.ts';
import { mendTree } from './mend.ts';
import { ensureFolder, pluginPaths } from './paths.ts';
import type { Pointer } from './pointer.ts';
import { readPointer, treeFolder } from './pointer.ts';
import { removeJournal, sweepPlugin, writeJournal } from './recover.ts';
import { isFolder } from './stage.ts';
import { asDiskError } from './state-file.ts';
import { compareTree } from './tree.ts';
import { checkArchive, readerOf, unpack } from './unpack.ts';

/** Chain, then every byte. Findings are an answer; each damaged plugin is also an event. */
export async function verifyPlugin(
  context: Context,
  pointer: Pointer,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { signal } = options;
  const { vendor, plugin, version } = pointer;
  const name = `${vendor}/${plugin}@${version}`;
  const held = await heldAsKnown(context, pointer);
  const about = { repository: context.record.alias, vendor, plugin, version, held };
  let manifest: PluginManifest;
  try {
    manifest = await verifyEvidence(context, pointer, pointer);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    context.events.refusal(error, name);
    const chain = { code: error.code, message: error.message };
    return { ...about, files: 0, ok: false, chain, findings: [], refused: null, repaired: false };
  }
  const folder = treeFolder(pluginPaths(context.paths, vendor, plugin), pointer);
  const total = manifest.files.length;
  const onFile = (done: number): void => context.progress({ phase: 'verify', plugin: name, done, total });
  const findings = await compareTree(folder, manifest.files, { signal, onFile });
  const refused = await refusedToStart(context, pointer, manifest);
  const result = { ...about, files: total, chain: null, findings, refused };
  if (findings.length === 0) return { ...result, ok: true, repaired: false };
  context.events.refusal(treeChanged(name, findings.length), name);
  if (options.repair !== true) return { ...result, ok: false, repaired: false };
  const repaired = await repairTree(context, pointer, manifest, signal);
  return { ...result, ok: repaired, repaired };
}

/** Of a plugin whose pointer cannot be read: nothing of it is as signed, as far as can be told. */
export function damagedResult({
  repository,
  vendor,
  plugin,
  code,
  message,
  hint,
}: DamagedPlugin): VerifyResult {
  const about = { repository, vendor, plugin, version: null, files: 0, ok: false };
  return {
    ...about,
    chain: { code, message, hint },
    findings: [],
    held: null,
    refused: null,
    repaired: false,
  };
}

/** Why nothing of the plugin's vendor would be installed, by what this host has seen; also an event. */
export async function heldAsKnown(context: Context, { vendor, plugin }: Pointer): Promise<Held | null> {
  try {
    refuseSuspended(vendor, await knownCatalog(context, vendor));
    return null;
  } catch (error) {
    return asHeld(context, error, `${vendor}/${plugin}`);
  }
}

/** Why what is installed would not be started, by what this host knows; also an event. `manifest`: where it was verified already. */
export async function refusedToStart(
  context: Context,
  pointer: Pointer,
  manifest?: PluginManifest,
): Promise<Held | null> {
  const name = `${pointer.vendor}/${pointer.plugin}@${pointer.version}`;
  try {
    await refuseRevoked(context, pointer);
    await permitFor(context, manifest ?? (await verifyEvidence(context, pointer, pointer)));
    return null;
  } catch (error) {
    return asHeld(context, error, name);
  }
}

/** Throws on what is no error of ours. */
export function asHeld(context: Context, error: unknown, plugin: string): Held {
  if (!(error instanceof VaultError)) throw error;
  context.events.refusal(error, plugin);
  return heldFor(error);
}

export function heldFor(error: VaultError): Held {
  return { code: error.code, message: error.message, hint: error.hint ?? null };
}

export function treeChanged(name: string, findings: number): HostUntrustedError {
  return new HostUntrustedError(
    'TREE_CHANGED',
    `${name}: ${findings} ${findings === 1 ? 'file is' : 'files are'} not as signed`,
    {
      hint: `ragv verify ${name.slice(0, name.indexOf('@'))} shows them, with --repair unpacks the plugin again`,
    },
  );
}

/**
 * Puts the tree right from the content store, if the archive there is still the signed one. Its folders stay, so that a
 * process which has them goes on. `false` = another version was installed meanwhile, and nothing was done. @throws TREE_CHANGED
 */
export async function repairTree(
  context: Context,
  pointer: Pointer,
  manifest: PluginManifest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { vendor, plugin, version } = pointer;
  const name = `${vendor}/${plugin}@${version}`;
  return await withLock(context, signal, async () => {
    const now = await readPointer(context, pointer);
    if (now?.treeHash !== pointer.treeHash) return false;
    const archive = await readContent(context, manifest.artifact.sha256);
    if (archive === null)
      throw new HostUntrustedError(
        'TREE_CHANGED',
        `${name} cannot be repaired: its archive is not kept here any more`,
        {
          hint: `ragv install ${name} fetches it anew`,
        },
      );
    const paths = pluginPaths(context.paths, vendor, plugin);
    const staging = join(paths.folder, `.staging-${randomBytes(8).toString('hex')}`);
    writeJournal(context, { operation: 'repair', vendor, plugin, kept: null });
    try {
      const folder = treeFolder(paths, pointer);
      ensureFolder(paths.folder, 'versions');
      if (isFolder(folder)) {
        const files = await checkArchive(archive, manifest, context.limits, signal);
        mkdirSync(staging, { mode: 0o700 });
        const left = await mendTree(folder, manifest.files, { read: readerOf(files), staging, signal });
        if (left.length > 0) throw treeChanged(name, left.length);
      } else {
        await unpack(archive, manifest, staging, { limits: context.limits, signal });
        renameSync(staging, folder);
      }
      context.events.change('REPAIRED', `${name} was repaired from its archive`, name);
      return true;
    } catch (error) {
      throw asDiskError(`cannot repair ${name}`, error);
    } finally {
      await sweepPlugin(context, vendor, plugin, null);
      removeJournal(context);
    }
  });
}
