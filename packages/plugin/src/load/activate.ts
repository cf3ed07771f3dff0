import type { Lock } from '@ragnos/disk';
import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';

import type { Keep } from '../confine/api.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { refuseRevoked } from '../host/change.ts';
import { recoverIfDead, type Context } from '../host/context.ts';
import { verifyEvidence } from '../host/evidence.ts';
import { holdTree } from '../host/live.ts';
import { pluginPaths } from '../host/paths.ts';
import { treeFolder, type Pointer } from '../host/pointer.ts';
import { compareTree } from '../host/tree.ts';
import { repairTree, treeChanged } from '../host/verify.ts';
import { requireWanted } from '../host/wanted.ts';
import type { PluginSpec } from '../names.ts';
import { isSealed, seal } from './seal.ts';

/** Above it, hashing every byte at every start takes longer than the start. */
const defaultSealAboveBytes = 50_000_000;

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly keep?: Keep | undefined;
  /** Unpack a damaged tree again from the content store instead of refusing. */
  readonly repair: boolean;
  readonly sealAboveBytes?: number | undefined;
}

/** An installed version whose signed chain vouches for it. Its tree is `verifyTree`'s. */
export interface Activated {
  /** `vendor/plugin@version` */
  readonly name: string;
  readonly pointer: Pointer;
  readonly manifest: PluginManifest;
  /** The tree: a real path. */
  readonly folder: string;
  /** Of every file its sha256: nothing else is to be run as code of this plugin. */
  readonly files: ReadonlyMap<string, string>;
  /** What the chain took. */
  readonly chainMs: number;
  /** Held while it runs: nobody removes its tree. */
  readonly lock: Lock;
}

/**
 * Judges what is installed by the newest that this host knows: not revoked, and vouched for by its signed chain (that this
 * has expired since is no reason to stop).
 * @throws REVOKED, EVIDENCE_INVALID, NOT_INSTALLED
 */
export async function activate(
  context: Context,
  spec: PluginSpec,
  signal: AbortSignal | undefined,
): Promise<Activated> {
  const started = performance.now();
  await recoverIfDead(context); // a version that nobody saw healthy is not started by a host that was open before
  const { pointer, lock } = await holdInstalled(context, spec, signal);
  try {
    const name = `${pointer.vendor}/${pointer.plugin}@${pointer.version}`;
    await refuseRevoked(context, pointer);
    const manifest = await verifyEvidence(context, pointer, pointer);
    return {
      name,
      pointer,
      manifest,
      folder: realFolder(context, pointer),
      files: new Map(manifest.files.map((file) => [file.path, file.sha256])),
      chainMs: performance.now() - started,
      lock,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What is installed when its tree is held: an update in between is looked at again. */
async function holdInstalled(
  context: Context,
  spec: PluginSpec,
  signal: AbortSignal | undefined,
): Promise<{ readonly pointer: Pointer; readonly lock: Lock }> {
  for (;;) {
    signal?.throwIfAborted();
    const pointer = await requireWanted(context, spec);
    const lock = await holdTree(context, pointer, signal);
    const now = await requireWanted(context, spec).catch((error: unknown) => {
      lock.release();
      throw error;
    });
    if (now.treeHash === pointer.treeHash && now.version === pointer.version) return { pointer: now, lock };
    lock.release();
  }
}

/** Whether every file is as signed: `repaired` = it is now. @throws TREE_CHANGED */
export async function verifyTree(
  context: Context,
  { name, pointer, manifest }: Pick<Activated, 'name' | 'pointer' | 'manifest'>,
  { signal, keep, repair, sealAboveBytes = defaultSealAboveBytes }: VerifyOptions,
): Promise<'whole' | 'repaired'> {
  const folder = treeOf(context, pointer);
  const bytes = manifest.files.reduce((sum, file) => sum + file.size, 0);
  const sealable = bytes > sealAboveBytes;
  if (sealable && (await isSealed(context, manifest, folder))) return 'whole';
  const findings = await compareTree(folder, manifest.files, {
    signal,
    keep: (file, compared) => keep?.(file.path, compared, (file.mode & 0o100) !== 0),
  });
  if (findings.length > 0) {
    if (!repair) throw treeChanged(name, findings.length);
    context.events.refusal(treeChanged(name, findings.length), name);
    await repairTree(context, pointer, manifest, signal);
    const left = await compareTree(folder, manifest.files, { signal });
    if (left.length > 0) throw treeChanged(name, left.length);
  }
  if (sealable) await seal(context, manifest, folder);
  return findings.length > 0 ? 'repaired' : 'whole';
}

function treeOf(context: Context, pointer: Pointer): string {
  return treeFolder(pluginPaths(context.paths, pointer.vendor, pointer.plugin), pointer);
}

/** Whether it is there or not; what lies in the place of the tree is not followed. */
function realFolder(context: Context, pointer: Pointer): string {
  const { folder } = context.paths;
  return join(realpathSync(folder), relative(folder, treeOf(context, pointer)));
}
