import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { compareVersions } from '../formats/versions.ts';
import type { InstalledPlugin } from './reports.ts';
import { readHeld } from './consent-held.ts';
import { pruneContent } from './content.ts';
import type { Context } from './context.ts';
import { evidenceRecords } from './evidence.ts';
import type { EvidenceRecord } from './evidence.ts';
import { removeUnlessLive } from './live.ts';
import { pluginPaths, versionFolder } from './paths.ts';
import type { PluginPaths } from './paths.ts';
import type { Pointer } from './pointer.ts';
import { treeFolder } from './pointer.ts';
import { names } from './record.ts';

async function newestFirst(paths: PluginPaths): Promise<readonly (readonly [string, EvidenceRecord])[]> {
  return [...(await evidenceRecords(paths))].toSorted(([, a], [, b]) =>
    a.installedAt < b.installedAt ? 1 : -1,
  );
}

/** What `list` says about a pointer. */
export async function describe(context: Context, pointer: Pointer): Promise<InstalledPlugin> {
  const paths = pluginPaths(context.paths, pointer.vendor, pointer.plugin);
  const held = await readHeld(context, pointer);
  return {
    repository: context.record.alias,
    vendor: pointer.vendor,
    plugin: pointer.plugin,
    version: pointer.version,
    previous: pointer.previous?.version ?? null,
    treeHash: pointer.treeHash,
    folder: treeFolder(paths, pointer),
    installedAt: pointer.installedAt,
    kept: (await newestFirst(paths)).map(([, record]) => record.version),
    heldUpdate: held === null || compareVersions(held.version, pointer.version) <= 0 ? null : held,
  };
}

/** Keeps the last N versions, and current, previous and those that a process runs from always. Removes trees before what vouches for them. */
export async function prune(context: Context, pointer: Pointer): Promise<void> {
  const paths = pluginPaths(context.paths, pointer.vendor, pointer.plugin);
  const keep = new Set([versionFolder(pointer.version, pointer.treeHash)]);
  if (pointer.previous !== null) keep.add(versionFolder(pointer.previous.version, pointer.previous.treeHash));
  for (const [folder] of await newestFirst(paths))
    if (keep.size < context.limits.keepVersions) keep.add(folder);
  let pruned = false;
  for (const name of new Set([...names(paths.versions), ...names(paths.evidence)])) {
    if (keep.has(name)) continue;
    const removed = await removeUnlessLive(context, pointer, name, () => {
      for (const parent of [paths.versions, paths.evidence])
        rmSync(join(parent, name), { recursive: true, force: true });
    });
    pruned ||= removed;
  }
  if (pruned) await pruneContent(context);
}
