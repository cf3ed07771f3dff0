import type { TargetInfo } from '@ragnos/client';
import { OfflineError, Updater } from '@ragnos/client';
import { lockFile, writeFileAtomic } from '@ragnos/disk';
import { LimitExceededError, replaceableBySingleKey, type LogRestart } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import { join } from 'node:path';

import { FormatError } from '../errors.ts';
import { indexLoss, parseIndex } from '../formats/plugin-index.ts';
import type { Catalog } from '../formats/catalog.ts';
import type { PluginIndex } from '../formats/plugin-index.ts';
import { parseRevocations } from '../formats/revocations.ts';
import type { Revocations } from '../formats/revocations.ts';
import type { PluginSpec } from '../names.ts';
import { pluginPath } from '../names.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostNotFoundError, HostUntrustedError } from './errors.ts';
import { sha256Of, startRoot } from './evidence.ts';
import { refuseBelowFloors } from './floors.ts';
import { ensureFolder, knownFolder } from './paths.ts';
import { refreshPolicy } from './policy-file.ts';
import type { PolicySource } from './policy.ts';
import { lockedFloors } from './project-lock.ts';
import { readBytes } from './state-file.ts';
import { refuseSingleSigner } from './trust.ts';

type Plugin = Pick<PluginSpec, 'vendor' | 'plugin'>;

/** As long as one waits for the metadata itself. */
const refreshTimeoutMs = 120_000;

/** A refreshed client, and what somebody above the vendors has revoked. */
export interface Session {
  readonly updater: Updater;
  readonly revocations: Revocations;
  /** What is in force: the host's own, then the repository's. */
  readonly policies: readonly PolicySource[];
  /** Those that were read already, by path. */
  readonly catalogs: Map<string, Promise<Catalog | null>>;
}

/** The client of this repository as it stands on disk; look-ups need a refresh first. */
export async function openUpdater(context: Context, signal: AbortSignal | undefined): Promise<Updater> {
  const { paths, record, fetcher, allowHttp, now, offline } = context;
  const root = await startRoot(context);
  const options = {
    dir: paths.metadata,
    baseUrl: record.url,
    root,
    fetcher,
    allowHttp,
    now,
    offline,
    signal,
    onLogRestart: (lost: LogRestart) => {
      const what = `the audit log of the repository was begun anew: its ${lost.size} entries before ${lost.time.toISOString()} are lost; ${lost.by}: ${lost.reason}`;
      context.events.change('LOG_RESTARTED', what, null);
    },
  };
  return Updater.open(options);
}

/**
 * Refreshes (offline: loads what is trusted), then looks whether the repository is older than this project or host knows.
 * Alone among the processes of this home: one whose metadata is older than another's would else put its copies of policy and
 * revocations, which starts are judged by, in the place of newer ones.
 */
export async function openSession(context: Context, signal: AbortSignal | undefined): Promise<Session> {
  if (context.offline) return refreshed(context, signal);
  const path = join(ensureFolder(context.paths.folder), 'refresh.lock');
  const lock = await lockFile(path, { signal, timeoutMs: refreshTimeoutMs });
  try {
    return await refreshed(context, signal);
  } finally {
    lock.release();
  }
}

async function refreshed(context: Context, signal: AbortSignal | undefined): Promise<Session> {
  const { record } = context;
  const updater = await openUpdater(context, signal);
  const floors = await lockedFloors(context);
  await updater.refresh({ signal });
  refuseBelowFloors(floors, updater.trusted, updater.knowledge().versions);
  refuseSingleSigner(replaceableBySingleKey(updater.trusted.root), record.singleSigner);
  const revocations = await refreshRevocations(context, updater, signal);
  const read = (info: TargetInfo, copy: string) => readSmall(context, updater, info, copy, { signal });
  const policies = await refreshPolicy(context, updater, read, signal);
  return { updater, revocations, policies, catalogs: new Map() };
}

/** A target whose content changes under one path: from the copy here if it is still the signed one. */
export async function readSmall(
  context: Context,
  updater: Updater,
  info: TargetInfo,
  copy: string,
  options: { readonly signal: AbortSignal | undefined; readonly maxLength?: number },
): Promise<{ readonly bytes: Uint8Array; readonly kept: boolean }> {
  const { signal, maxLength = context.limits.indexMaxLength } = options;
  if (info.length > maxLength)
    throw new LimitExceededError(`${info.path}: ${info.length} bytes, at most ${maxLength} are read`);
  const kept = await readBytes(copy, maxLength);
  if (kept !== null && hash('sha256', kept, 'hex') === sha256Of(info)) return { bytes: kept, kept: true };
  if (context.offline)
    throw new OfflineError(`${info.path} is not kept here`, {
      hint: 'ask for it once with a connection: only what is installed is kept',
    });
  return { bytes: await updater.read(info, { maxLength, signal }), kept: false };
}

/** What was last seen of them. */
export function revocationsFile(context: Context): string {
  return join(context.paths.known, 'revocations.json');
}

/** As last seen, for what is decided without a refresh. Empty if none were ever seen. */
export async function knownRevocations(context: Context): Promise<Revocations> {
  const bytes = await readBytes(revocationsFile(context), context.limits.indexMaxLength);
  if (bytes === null) return new Map();
  try {
    return parseRevocations(bytes);
  } catch (error) {
    throw new HostFailureError('HOST_STATE', 'what this host knew of revocations is damaged', {
      cause: error,
      hint: 'refresh with a connection: ragv status',
    });
  }
}

/** Decision 9: they only grow, and a host that has seen them refuses their absence. */
async function refreshRevocations(
  context: Context,
  updater: Updater,
  signal: AbortSignal | undefined,
): Promise<Revocations> {
  const known: Revocations = await knownRevocations(context).catch((error: unknown) => {
    if (error instanceof HostFailureError && !context.offline) return new Map(); // read anew just below, or refused
    throw error;
  });
  const seen = (await readBytes(revocationsFile(context), context.limits.indexMaxLength)) !== null;
  const info = await updater.find('policy/revocations.json', { signal });
  const lost = (what: string): HostUntrustedError =>
    new HostUntrustedError('REVOCATIONS_LOST', `policy/revocations.json ${what}`, {
      hint: 'nothing was installed; revocations only grow: ask the operator of the repository',
    });
  if (info === null) {
    if (seen) throw lost('is gone, and this host has seen it');
    return known;
  }
  const { bytes, kept } = await readSmall(context, updater, info, revocationsFile(context), { signal });
  const next = parseRevocations(bytes);
  for (const digest of known.keys()) if (!next.has(digest)) throw lost(`no longer lists ${digest}`);
  if (!context.offline && !kept) {
    ensureFolder(context.paths.folder, 'known');
    await writeFileAtomic(revocationsFile(context), bytes, { mode: 0o600 });
  }
  return next;
}

function indexFile(context: Context, { vendor, plugin }: Plugin): string {
  return join(context.paths.known, knownFolder(vendor), `${plugin}.index.json`);
}

/** The index as this host saw it last; `null` = never. */
export async function knownIndex(context: Context, plugin: Plugin): Promise<PluginIndex | null> {
  const bytes = await readBytes(indexFile(context, plugin), context.limits.indexMaxLength);
  try {
    return bytes === null ? null : parseIndex(bytes);
  } catch (error) {
    if (error instanceof FormatError) return null; // damaged: the trusted metadata still guards against rollback
    throw error;
  }
}

/**
 * The plugin's index as the repository has it now, which must hold all that this host knew of it (decision 8).
 * `remember` makes it what the host knows; the lock is held then. Offline, one that has changed since is as it was known
 * here: it was verified when it was stored, and there is no other.
 */
export async function readIndex(
  context: Context,
  session: Session,
  plugin: Plugin,
  options: { readonly remember: boolean; readonly signal: AbortSignal | undefined },
): Promise<PluginIndex> {
  const known = await knownIndex(context, plugin);
  try {
    return await indexNow(context, session, plugin, { ...options, known });
  } catch (error) {
    if (error instanceof OfflineError && known !== null) return known;
    throw error;
  }
}

async function indexNow(
  context: Context,
  session: Session,
  plugin: Plugin,
  options: {
    readonly remember: boolean;
    readonly signal: AbortSignal | undefined;
    readonly known: PluginIndex | null;
  },
): Promise<PluginIndex> {
  const { vendor, plugin: name } = plugin;
  const { remember, signal, known } = options;
  const path = pluginPath(vendor, name, 'index.json');
  const info = await session.updater.find(path, { signal });
  if (info === null) {
    if (known !== null)
      throw new HostUntrustedError('INDEX_ROLLBACK', `${path} is gone, and this host knew it`);
    throw new HostNotFoundError('NO_SUCH_PLUGIN', `${context.record.alias} has no plugin ${vendor}/${name}`, {
      hint: `ragv search ${name}`,
    });
  }
  const copy = indexFile(context, plugin);
  const { bytes, kept } = await readSmall(context, session.updater, info, copy, { signal });
  const index = parseIndex(bytes);
  if (index.vendor !== vendor || index.plugin !== name)
    throw new HostUntrustedError('IDENTITY_MISMATCH', `${path} speaks of ${index.vendor}/${index.plugin}`);
  if (known !== null) refuseLosses(path, known, index);
  if (remember && !kept) {
    ensureFolder(context.paths.folder, 'known', knownFolder(vendor));
    await writeFileAtomic(copy, bytes, { mode: 0o600 });
  }
  return index;
}

function refuseLosses(path: string, known: PluginIndex, next: PluginIndex): void {
  const loss = indexLoss(known, next);
  if (loss === null) return;
  const { version, part } = loss;
  if (part === null)
    throw new HostUntrustedError('INDEX_ROLLBACK', `${path} lost version ${version}, which this host knew`, {
      hint: 'nothing was installed; a version is yanked, never removed: ask the vendor',
    });
  throw new HostUntrustedError(
    'PATH_REDEFINED',
    `${path}: the ${part} of ${version} is not the one known here`,
    { hint: 'nothing was installed; a published version never changes: ask the vendor' },
  );
}
