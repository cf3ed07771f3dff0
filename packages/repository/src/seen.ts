import { join } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { logStep, MalformedMetadataError, parseJson, Reader, type Root } from '@ragnos/tuf';
import { headFromJson, type LogHead } from '@ragnos/tlog';
import { PublishError } from './errors.ts';

/** The newest state that this operator saw: the door's own guard against a store that went backwards. */
export interface Seen {
  readonly firstRoot: string;
  readonly root: number;
  readonly timestamp: number;
  readonly timestampSha256: string;
  readonly snapshot: number;
  readonly roles: ReadonlyMap<string, number>;
  /** The audit log; `null`: there was none. */
  readonly log: LogHead | null;
}

export interface SeenMemory {
  /** `null`: nothing was seen yet. */
  load(): Promise<Seen | null>;
  /** An older state than the one that is kept is ignored, unless a new root made it the newest (`replace`). */
  save(seen: Seen, options?: { readonly replace?: boolean }): Promise<void>;
}

const format = 'ragnos-seen/1';
const maxLength = 8_000_000;

/** In `staging/seen.json`, or only in this process. Damaged, it is refused: forgetting would let the store go back unnoticed. */
export function seenMemory(staging: string | undefined): SeenMemory {
  let kept: Seen | null = null;
  let onDisk: { readonly bytes: Uint8Array; readonly seen: Seen } | null = null;
  const path = staging === undefined ? null : join(staging, 'seen.json');
  const load = async (): Promise<Seen | null> => {
    const bytes = path === null ? null : await nodeFileSystem.read(path, maxLength);
    if (path === null || bytes === null) return kept;
    // As a rule the last to write was this process: a list of thousands of roles is not read again then.
    if (onDisk === null || Buffer.compare(onDisk.bytes, bytes) !== 0)
      onDisk = { bytes, seen: parse(bytes, path) };
    const found = onDisk.seen;
    return kept !== null && kept.timestamp > found.timestamp ? kept : found;
  };
  return {
    load,
    async save(seen, { replace = false } = {}) {
      const before = await load();
      if (before !== null && !replace && isNewer(before, seen)) return;
      kept = seen;
      if (path === null) return;
      const bytes = serialize(seen);
      await writeFileAtomic(path, bytes, { mode: 0o600 });
      onDisk = { bytes, seen };
    },
  };
}

function isNewer(before: Seen, seen: Seen): boolean {
  return (
    before.timestamp > seen.timestamp || (before.timestamp === seen.timestamp && before.root >= seen.root)
  );
}

function serialize(seen: Seen): Uint8Array {
  const { log, roles, ...rest } = seen;
  const before = JSON.stringify({ format, ...rest, ...(log === null ? {} : { log }) }).slice(0, -1);
  let members = ''; // thousands: an object of them would take four times as long
  for (const [role, version] of roles)
    members += `${members === '' ? '' : ','}${JSON.stringify(role)}:${version}`;
  return Buffer.from(`${before},"roles":{${members}}}\n`);
}

function parse(bytes: Uint8Array, path: string): Seen {
  try {
    const reader = Reader.of(parseJson(bytes, path), path);
    if (reader.string('format') !== format) reader.fail('format', format);
    const roles = reader.object('roles');
    return {
      firstRoot: reader.string('firstRoot'),
      root: reader.version('root'),
      timestamp: reader.version('timestamp'),
      timestampSha256: reader.string('timestampSha256'),
      snapshot: reader.version('snapshot'),
      roles: new Map(roles.names().map((name) => [name, roles.version(name)])),
      log: reader.has('log') ? headFromJson(reader.value('log')) : null,
    };
  } catch (error) {
    if (!(error instanceof MalformedMetadataError)) throw error;
    throw new PublishError(
      'STORE_WENT_BACK',
      `${path} is damaged, so nobody can tell whether the store went back`,
      {
        cause: error,
        hint: 'restore it from a backup, or remove it once you have checked that the store is the newest',
      },
    );
  }
}

/** Roles whose keys a new root replaced since: what the old ones signed is forgotten, by clients too (5.3.11). */
export type Forgiven = ReadonlySet<'timestamp' | 'snapshot'>;

/**
 * `root`: the newest one, which alone can give an audit log up.
 * @throws PublishError STORE_WENT_BACK
 */
export function refuseOlder(
  now: Seen,
  seen: Seen | null,
  root: Root,
  where: string,
  forgiven: Forgiven = new Set(),
): void {
  const refuse = (
    what: string,
    why = 'the store was restored from an old copy, or somebody changed it',
  ): never => {
    throw new PublishError('STORE_WENT_BACK', `${where}: ${what}`, { hint: `nothing was signed; ${why}` });
  };
  const log = logStep(seen?.log ?? null, now.log, root);
  if (log === 'unapproved')
    refuse(
      'its audit log was begun anew, and no root approves it',
      'whoever has the key of timestamp did this, and not the owners of root',
    );
  if (seen === null) return;
  if (now.firstRoot !== seen.firstRoot) refuse('it starts from another root than before');
  if (now.root < seen.root) refuse(`root is at version ${now.root}, and was at ${seen.root}`);
  const timestamp = !forgiven.has('timestamp');
  if (timestamp && now.timestamp < seen.timestamp)
    refuse(`timestamp is at version ${now.timestamp}, and was at ${seen.timestamp}`);
  if (timestamp && now.timestamp === seen.timestamp && now.timestampSha256 !== seen.timestampSha256)
    refuse(`timestamp version ${now.timestamp} has another content than before`);
  if (!forgiven.has('snapshot') && now.snapshot < seen.snapshot)
    refuse(`snapshot is at version ${now.snapshot}, and was at ${seen.snapshot}`);
  if (timestamp && log === 'back')
    refuse(
      `its audit log shows ${now.log?.size ?? 0} entries, and is no continuation of the ${seen.log?.size ?? 0} seen before`,
    );
  if (forgiven.has('snapshot')) return;
  for (const [role, version] of seen.roles) {
    const current = now.roles.get(role);
    if (current === undefined) refuse(`the role ${role} is gone from the snapshot`);
    else if (current < version) refuse(`${role} is at version ${current}, and was at ${version}`);
  }
}
