import { read, type Storage } from '@ragnos/storage';
import type { LogHead } from '@ragnos/tlog';
import {
  BadVersionNumberError,
  defaultLimits,
  roleName,
  UnsignedMetadataError,
  type Root,
  type RoleName,
  type Snapshot,
  type Targets,
  type Timestamp,
  type TrustedMetadataSet,
} from '@ragnos/tuf';
import { logHeadOf } from './audit.ts';
import type { SignedFile } from './desk.ts';
import { PublishError } from './errors.ts';
import { metadataKey, timestampKey } from './keys.ts';
import { forgivenBy } from './forgiven.ts';
import { lost, RootChain, trusting, type FormerRoot } from './root-chain.ts';
import { refuseOlder, type Seen, type SeenMemory } from './seen.ts';
import { rootRole, sha256 } from './signed.ts';
import type { CallOptions } from './types.ts';

/** A file as it is in the store, and what it says. */
export interface Loaded<T> {
  readonly signed: T;
  readonly bytes: Uint8Array;
}

/** The state that `timestamp.json` commits to, verified as a client does but for expiry: what expired is what has to be re-signed. */
export interface Head {
  /** Only the root before the newest one vouches for what follows: it has to be signed anew at once. */
  readonly underPreviousRoot: boolean;
  /** Of `timestamp.json` in the store. */
  readonly etag: string;
  /** When it was written, by the store's clock. */
  readonly swapped: Date;
  readonly root: Loaded<Root>;
  /** The roots before the newest one, and when the next one appeared in the store; the oldest first. */
  readonly formerRoots: readonly FormerRoot[];
  readonly firstRoot: string;
  readonly timestamp: Loaded<Timestamp>;
  readonly snapshot: Loaded<Snapshot>;
  /** The role as its delegator trusts it. @throws UnknownRoleError and what else `TrustedMetadataSet` refuses */
  role(name: RoleName, delegator: RoleName): Promise<Loaded<Targets>>;
}

export interface ReadHeadOptions extends CallOptions {
  /** Accepts what only the root before the newest one vouches for: a root that was put in a race with a publish. */
  readonly orPreviousRoot?: boolean;
  /** A snapshot that was signed here just now: if it is the one that is there, its bytes are verified, and not parsed once more. */
  readonly written?: SignedFile<'snapshot'> | null;
}

interface KeptRole extends Loaded<Targets> {
  readonly sha256: string;
  readonly delegatedBy: Targets | Root;
}

/**
 * Reads heads, one at a time: a head is good until the next one is read. Roles that did not change are neither fetched nor
 * parsed again. Refuses a store that shows less than was seen before.
 */
export class HeadReader {
  readonly #storage: Storage;
  readonly #seen: SeenMemory;
  readonly #roots: RootChain;
  readonly #roles = new Map<string, KeptRole>();
  /** A delegator is always loaded before what it delegates to. */
  readonly #current = new Map<RoleName, Targets>();
  #set: TrustedMetadataSet | null = null;
  #fed: Uint8Array | null = null;
  #underPrevious = false;
  #head: Head | null = null;

  constructor(storage: Storage, seen: SeenMemory, firstRoot: string | undefined) {
    this.#storage = storage;
    this.#seen = seen;
    this.#roots = new RootChain(storage, firstRoot);
  }

  /** @throws PublishError NO_REPOSITORY, STORE_WENT_BACK; what the trust core refuses; StorageError */
  async read(options: ReadHeadOptions = {}): Promise<Head> {
    const seen = await this.#seen.load(); // before the store: what others see meanwhile is no reason to refuse
    const root = await this.#followRoots(seen, options);
    const found = await read(this.#storage, timestampKey, {
      maxLength: defaultLimits.timestampMaxLength,
      ...options,
    });
    if (found === null) throw lost(this.#storage, timestampKey, seen);
    if (this.#head !== null && found.info.etag === this.#head.etag && this.#head.root === root)
      return this.#head;
    const timestamp = this.#feedTimestamp(found.bytes, options);
    const snapshot = await this.#readSnapshot(timestamp, options);
    const head: Head = {
      underPreviousRoot: this.#underPrevious,
      etag: found.info.etag,
      swapped: found.info.modified,
      root,
      formerRoots: [...this.#roots.former],
      firstRoot: this.#roots.firstRoot,
      timestamp: { signed: timestamp, bytes: found.bytes },
      snapshot,
      role: (name, delegator) => this.#role(head, name, delegator, options),
    };
    const now = seenOf(head);
    const before = seen === null ? undefined : this.#roots.version(seen.root);
    const forgiven = forgivenBy(before, root.signed);
    try {
      refuseOlder(now, seen, root.signed, this.#storage.description, forgiven);
    } catch (error) {
      // A root that gives the log up may have come after we asked for roots.
      if ((await this.#followRoots(seen, options)) === root) throw error;
      return this.read(options);
    }
    await this.#seen.save(now, { replace: forgiven.size > 0 });
    this.#head = head;
    this.#current.clear(); // what a delegator said on an earlier head vouches for nothing on this one
    return head;
  }

  /** The head of the audit log as it was seen last; `null`: there was none, or nothing was seen. */
  async seenLog(): Promise<LogHead | null> {
    return (await this.#seen.load())?.log ?? null;
  }

  /** The newest root, whatever state the rest of the repository is in. */
  async readRoot(options: CallOptions = {}): Promise<Loaded<Root>> {
    return this.#followRoots(await this.#seen.load(), options);
  }

  async #followRoots(seen: Seen | null, options: CallOptions): Promise<Loaded<Root>> {
    const before = this.#roots.newest;
    const root = await this.#roots.follow(seen, options).finally(() => {
      if (this.#roots.newest !== before) this.#set = null; // everything below has to be verified anew
    });
    if (this.#set === null || this.#underPrevious) this.#startFrom(root.bytes);
    return root;
  }

  #startFrom(root: Uint8Array, previous = false): void {
    this.#underPrevious = previous;
    this.#set = trusting(root);
    this.#roles.clear();
    this.#current.clear();
    this.#fed = null;
    this.#head = null;
  }

  #feedTimestamp(bytes: Uint8Array, options: ReadHeadOptions): Timestamp {
    try {
      return this.#feed(bytes);
    } catch (error) {
      const { previous } = this.#roots;
      if (!(error instanceof UnsignedMetadataError) || options.orPreviousRoot !== true || previous === null)
        throw error;
      this.#startFrom(previous.bytes, true);
      return this.#feed(bytes);
    }
  }

  #feed(bytes: Uint8Array): Timestamp {
    const set = this.#trusted();
    try {
      const taken = set.updateTimestamp(bytes);
      const same = this.#fed !== null && Buffer.compare(this.#fed, bytes) === 0;
      if (!taken && !same) throw new BadVersionNumberError('timestamp: other content under the same version');
    } catch (error) {
      throw wentBack(error, this.#storage.description);
    }
    this.#fed = bytes;
    const { timestamp } = set;
    if (timestamp === null) throw new PublishError('NO_REPOSITORY', 'no timestamp');
    return timestamp;
  }

  async #readSnapshot(timestamp: Timestamp, options: ReadHeadOptions): Promise<Loaded<Snapshot>> {
    const before = this.#head?.snapshot;
    if (before?.signed.version === timestamp.snapshot.version && this.#trusted().snapshot === before.signed)
      return before;
    const bytes = await this.#metadata(roleName('snapshot'), timestamp.snapshot.version, options);
    const { written } = options;
    const same = written && Buffer.compare(written.bytes, bytes) === 0;
    try {
      const signed = this.#trusted().updateSnapshot(bytes, same ? { parsed: written.metadata } : {});
      return { signed, bytes };
    } catch (error) {
      throw wentBack(error, this.#storage.description);
    }
  }

  async #role(
    head: Head,
    name: RoleName,
    delegator: RoleName,
    options: CallOptions,
  ): Promise<Loaded<Targets>> {
    const set = this.#trusted();
    const expected = set.expectedRole(name);
    const delegatedBy =
      delegator === rootRole ? head.root.signed : (this.#current.get(delegator) ?? head.root.signed);
    const id = `${name}\0${delegator}`;
    const kept = this.#roles.get(id);
    // Without a hash it is the same while its version is: only the snapshot's own keys could have signed another one.
    const digest = expected.hashes === null ? kept?.sha256 : expected.hashes.get('sha256');
    const same = kept !== undefined && kept.sha256 === digest && kept.signed.version === expected.version;
    if (same && kept.delegatedBy === delegatedBy) {
      this.#current.set(name, kept.signed);
      return kept;
    }
    const bytes = same ? kept.bytes : await this.#metadata(name, expected.version, options);
    const signed = set.updateDelegatedTargets(bytes, name, delegator);
    const loaded = { signed, bytes, sha256: expected.hashes?.get('sha256') ?? sha256(bytes), delegatedBy };
    this.#roles.set(id, loaded);
    this.#current.set(name, signed);
    return loaded;
  }

  async #metadata(role: RoleName, version: number, options: CallOptions): Promise<Uint8Array> {
    const key = metadataKey(role, version);
    const found = await read(this.#storage, key, { maxLength: defaultLimits.targetsMaxLength, ...options });
    if (found !== null) return found.bytes;
    throw new PublishError(
      'STORE_WENT_BACK',
      `${this.#storage.description}: ${key} is listed, and is not there`,
      {
        hint: 'nothing was signed; restore the file from a backup',
      },
    );
  }

  #trusted(): TrustedMetadataSet {
    if (this.#set === null) throw new PublishError('NO_REPOSITORY', 'no root was read');
    return this.#set;
  }
}

function wentBack(error: unknown, where: string): unknown {
  if (!(error instanceof BadVersionNumberError)) return error;
  return new PublishError('STORE_WENT_BACK', `${where}: ${error.message}`, {
    cause: error,
    hint: 'nothing was signed; the store was restored from an old copy, or somebody changed it',
  });
}

function versionsOf({ meta }: Snapshot): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  for (const [role, { version }] of meta) versions.set(role, version);
  return versions;
}

export function seenOf(head: Head): Seen {
  return {
    firstRoot: head.firstRoot,
    root: head.root.signed.version,
    timestamp: head.timestamp.signed.version,
    timestampSha256: sha256(head.timestamp.bytes),
    snapshot: head.snapshot.signed.version,
    roles: versionsOf(head.snapshot.signed),
    log: logHeadOf(head.timestamp.signed),
  };
}
