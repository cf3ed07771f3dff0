import type { RoleName, Targets, TrustedMetadataSet } from '@ragnos/tuf';
import {
  checkBytes,
  ExpiredMetadataError,
  LengthOrHashMismatchError,
  metadataFileName,
  RepositoryError,
  roleName,
} from '@ragnos/tuf';

import { DownloadError, LogWentBackError, OfflineError } from '../errors.ts';
import type { Context } from './context.ts';
import { fetchBytes, lengthBound, verifyFetched } from './remote.ts';
import { refuseShorterLog } from './log-head.ts';
import { loadRoot } from './root.ts';
import type { Copies } from './store.ts';

/** What a refresh leaves: the verified state, and the bytes it was verified from, by role. */
export interface Known {
  readonly trusted: TrustedMetadataSet;
  /** Roles that were not looked at yet are absent. */
  readonly bytes: Map<RoleName, Uint8Array>;
}

const names = {
  root: roleName('root'),
  timestamp: roleName('timestamp'),
  snapshot: roleName('snapshot'),
  targets: roleName('targets'),
};

/**
 * Section 5 in its order, nothing asked for that is not needed. What is written was verified before. A root that gives an audit
 * log up may have come after we asked for roots and before we asked for the timestamp: so one more look, and then it is refused.
 */
export function refreshAll(context: Context): Promise<Known> {
  return refreshOnce(context).catch((error: unknown) => {
    if (!(error instanceof LogWentBackError)) throw error;
    return refreshOnce(context).catch((second: unknown) => {
      throw second instanceof DownloadError ? error : second; // whoever cuts the line hides no alarm
    });
  });
}

async function refreshOnce(context: Context): Promise<Known> {
  const { trusted, bytes: root } = await loadRoot(context);
  const bytes = new Map([[names.root, root]]);
  bytes.set(names.timestamp, await loadTimestamp(context, trusted));
  bytes.set(names.snapshot, await loadSnapshot(context, trusted));
  await loadRole(context, { trusted, bytes }, names.targets, names.root);
  return { trusted, bytes };
}

function missing(context: Context, what: string, failures: readonly Error[]): never {
  const expired = failures.find((error) => error instanceof ExpiredMetadataError);
  if (expired !== undefined) throw expired;
  throw new OfflineError(
    `${what} is not kept here, and ${context.metadataUrl.origin} is not asked while offline`,
    {
      cause: failures[0],
      hint: 'refresh once with a connection',
    },
  );
}

/** Feeds what is kept here, whatever comes of it: at the least it guards against rollback. Returns the last one that fits. */
function feed(
  copies: Copies,
  update: (bytes: Uint8Array) => boolean,
): { kept: Uint8Array | null; failures: Error[] } {
  let kept: Uint8Array | null = null;
  const failures: Error[] = [];
  for (const bytes of copies)
    try {
      if (update(bytes)) kept = bytes;
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      failures.push(error); // damaged, older, expired, or signed by a key that the root no longer names
    }
  return { kept, failures };
}

/** 5.4 */
async function loadTimestamp(context: Context, trusted: TrustedMetadataSet): Promise<Uint8Array> {
  const { store, limits } = context;
  const { kept, failures } = feed(await store.timestamp(), (bytes) => trusted.updateTimestamp(bytes));
  if (context.offline) return kept ?? missing(context, 'timestamp', failures);
  const maxLength = limits.timestampMaxLength;
  const name = metadataFileName('timestamp');
  const fetched = await fetchBytes(context, name, { maxLength });
  const before = trusted.timestamp;
  const isNew = verifyFetched(context, name, fetched, () => trusted.updateTimestamp(fetched));
  const lost = refuseShorterLog(before, trusted.timestamp, trusted.root);
  const bytes = isNew ? fetched : (kept ?? fetched);
  await store.writeTimestamp(bytes); // only now: one that failed a check is never kept (CVE-2025-2888)
  for (const restart of lost) context.onLogRestart?.(restart);
  return bytes;
}

/** 5.5 */
async function loadSnapshot(context: Context, trusted: TrustedMetadataSet): Promise<Uint8Array> {
  const { store, limits, offline } = context;
  const expected = trusted.timestamp?.snapshot;
  if (expected === undefined) return missing(context, 'timestamp', []);
  let final: Uint8Array | null = null;
  const { failures } = feed(await store.snapshot(), (bytes) => {
    if (final !== null) return false; // it is the one that the timestamp names, an older copy adds nothing
    trusted.updateSnapshot(bytes, { trusted: true });
    if (!announced(bytes, expected)) return false;
    final = bytes;
    return true;
  });
  if (offline) return final ?? missing(context, 'snapshot', failures);
  const bytes =
    final ??
    (await fetchSnapshot(context, trusted, {
      maxLength: lengthBound(expected, limits.snapshotMaxLength, 'snapshot'),
      total: expected.length,
    }));
  await store.writeSnapshot(bytes);
  return bytes;
}

async function fetchSnapshot(
  context: Context,
  trusted: TrustedMetadataSet,
  length: { readonly maxLength: number; readonly total: number | null },
): Promise<Uint8Array> {
  const version = trusted.root.consistentSnapshot ? trusted.timestamp?.snapshot.version : undefined;
  const name = metadataFileName('snapshot', version);
  const bytes = await fetchBytes(context, name, length);
  verifyFetched(context, name, bytes, () => trusted.updateSnapshot(bytes));
  return bytes;
}

function announced(bytes: Uint8Array, expected: Parameters<typeof checkBytes>[1]): boolean {
  try {
    checkBytes(bytes, expected, 'local copy');
    return true;
  } catch (error) {
    if (error instanceof LengthOrHashMismatchError) return false;
    throw error;
  }
}

/** 5.6, for the top-level role and for delegated ones: the copy here if the snapshot still names it, else the repository's. */
export async function loadRole(
  context: Context,
  known: Known,
  role: RoleName,
  delegator: RoleName,
): Promise<Targets> {
  const { store, limits, offline } = context;
  const { trusted } = known;
  const expected = trusted.expectedRole(role);
  const local = await store.targets(role);
  const update = (bytes: Uint8Array): boolean => {
    trusted.updateDelegatedTargets(bytes, role, delegator);
    return true;
  };
  // Without a hash it could be another file of that version: only the signature and the version speak for it.
  const { kept, failures } = feed(local !== null && announced(local, expected) ? [local] : [], update);
  if (kept !== null) known.bytes.set(role, kept);
  else {
    if (offline) missing(context, role, failures);
    const version = trusted.root.consistentSnapshot ? expected.version : undefined;
    const maxLength = lengthBound(expected, limits.targetsMaxLength, role);
    const name = metadataFileName(role, version);
    const bytes = await fetchBytes(context, name, { maxLength, total: expected.length });
    context.onFetched?.(role, bytes);
    verifyFetched(context, name, bytes, () => update(bytes));
    await store.writeTargets(role, bytes);
    known.bytes.set(role, bytes);
  }
  const loaded = trusted.role(role, delegator);
  return loaded ?? missing(context, role, failures);
}
