import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { PluginIndex } from '../formats/plugin-index.ts';
import type { PluginVersion } from '../names.ts';
import type { InstallOptions } from './api.ts';
import type { Agreed } from './consent.ts';
import { fetchContent } from './content.ts';
import type { Context } from './context.ts';
import { HostConflictError } from './errors.ts';
import { sha256Of, writeEvidence } from './evidence.ts';
import type { Located, Source } from './locate.ts';
import { describeSource } from './locate.ts';
import { mendTree } from './mend.ts';
import { ensureFolder } from './paths.ts';
import type { PluginPaths } from './paths.ts';
import { evidenceFolder, treeFolder, type Installed } from './pointer.ts';
import { refuseFindings, refuseOtherPackage, type ReadVerified } from './policy-findings.ts';
import type { Session } from './session.ts';
import { compareTree } from './tree.ts';
import { readerOf, unpack } from './unpack.ts';

/** A version that was verified and lies beside what is installed. */
export interface Stage {
  readonly installed: Installed;
  readonly source: Source;
  /** `null` = it could not be asked before the files were there. */
  readonly agreed: Agreed | null;
  readonly downloaded: number;
  /** Where the new tree is; `null` = a whole one is in its place already. */
  readonly tree: string | null;
  readonly evidence: string;
}

/** Downloads and unpacks beside what is installed; everything was verified when this returns. */
export async function stageVersion(
  context: Context,
  session: Session,
  about: {
    readonly index: PluginIndex;
    readonly located: Located;
    readonly version: PluginVersion;
    /** Asked as soon as the manifest is there: what nobody agrees to need not be downloaded. `null` = it takes the files to ask. */
    readonly agree: (source: Source) => Promise<Agreed | null>;
  },
  paths: PluginPaths,
  { signal }: InstallOptions,
): Promise<Stage> {
  const { index, located, version, agree } = about;
  const stop = new AbortController();
  const fetchSignal = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const plugin = `${index.vendor}/${index.plugin}@${version}`;
  const suffix = randomBytes(8).toString('hex');
  const evidence = join(paths.folder, `.evidence-${suffix}`);
  const describing = describeSource(context, session, index, located, version, signal);
  const fetching = fetchContent(context, session, located.artifact, { plugin, signal: fetchSignal });
  const agreeing = describing.then(agree);
  agreeing.catch(() => stop.abort());
  fetching.catch(() => undefined); // heard of below, when a person has answered
  const vouching = describing.then(async (source) => {
    const { manifestInfo: info } = source;
    const installed = installedFrom(source, context.now());
    await writeEvidence(context, evidence, session.updater, {
      info,
      manifest: source.manifestBytes,
      installed,
    });
    return installed;
  });
  vouching.catch(() => stop.abort());
  try {
    const agreed = await agreeing;
    const [source, { bytes, downloaded }] = await Promise.all([describing, fetching]);
    const { manifest } = source;
    context.step('artifact');
    const present = treeFolder(paths, manifest);
    const whole = isFolder(present) && (await compareTree(present, manifest.files, { signal })).length === 0;
    const tree = whole ? null : join(paths.folder, `.staging-${suffix}`);
    let read: ReadVerified = (path) => readFileSync(join(present, path));
    if (tree !== null) {
      const total = manifest.files.length;
      const files = await unpack(bytes, manifest, tree, {
        limits: context.limits,
        signal,
        onCreated: () => context.step('staging'),
        onFile: (done) => {
          if (done === 1) context.step('first file');
          if (done === total) context.step('last file');
          context.progress({ phase: 'unpack', plugin, done, total });
        },
      });
      read = readerOf(files);
    }
    refuseOtherPackage(manifest, read);
    await refuseFindings(manifest, read, signal);
    const installed = await vouching;
    context.step('evidence staged');
    signal?.throwIfAborted();
    return { installed, source, agreed, downloaded, tree, evidence };
  } finally {
    await Promise.allSettled([vouching, fetching, agreeing]); // nobody sweeps while they are still writing
  }
}

function installedFrom({ manifest, manifestInfo }: Source, now: Date): Installed {
  return {
    version: manifest.version,
    treeHash: manifest.treeHash,
    manifest: sha256Of(manifestInfo),
    artifact: manifest.artifact.sha256,
    installedAt: now.toISOString(),
  };
}

/** @throws PATH_OBSTRUCTED something else is there */
export function isFolder(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) return stat !== undefined;
  throw new HostConflictError('PATH_OBSTRUCTED', `${path} is not a folder`, {
    hint: 'nothing was written; remove it if it is not yours',
  });
}

/** Moves what was staged to its immutable names. Nothing points there yet, or what does is damaged. */
export async function place(context: Context, paths: PluginPaths, stage: Stage): Promise<void> {
  const { installed, source, tree, evidence } = stage;
  ensureFolder(paths.folder, 'versions');
  ensureFolder(paths.folder, 'evidence');
  const to = treeFolder(paths, installed);
  if (tree !== null && isFolder(to)) {
    const read: ReadVerified = (path) => readFileSync(join(tree, path));
    const staging = ensureFolder(paths.folder, `${basename(tree)}-mending`);
    const left = await mendTree(to, source.manifest.files, { read, staging });
    if (left.length > 0) throw changedMeanwhile(to);
  } else if (tree !== null) renameSync(tree, to);
  context.step('tree');
  moveInto(evidence, evidenceFolder(paths, installed));
  context.step('evidence');
}

function changedMeanwhile(folder: string): HostConflictError {
  return new HostConflictError('PATH_OBSTRUCTED', `${folder} is changed by somebody while it is repaired`, {
    hint: 'find out who writes there, and install again',
  });
}

/** What stands there already, damaged or outdated, steps aside; it is swept with the rest. */
function moveInto(from: string, to: string): void {
  if (isFolder(to)) {
    const aside = `${from}-aside`;
    renameSync(to, aside);
    renameSync(from, to);
    rmSync(aside, { recursive: true, force: true });
  } else renameSync(from, to);
}
