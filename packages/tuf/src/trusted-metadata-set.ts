import { delegatedKeys, topLevelKeys } from './delegation.ts';
import {
  BadVersionNumberError,
  ExpiredMetadataError,
  LengthOrHashMismatchError,
  LimitExceededError,
  UnknownRoleError,
  WorkflowError,
} from './errors.ts';
import { checkBytes } from './hashes.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { LoadedRoles, sameFile } from './loaded-roles.ts';
import { parseMetadata, verifyThreshold, type Metadata } from './metadata/envelope.ts';
import type {
  Delegations,
  MetaFile,
  Root,
  RoleKeys,
  SignedType,
  Snapshot,
  Targets,
  Timestamp,
} from './model.ts';
import { roleName, type RoleName, type TopLevelRole } from './names.ts';

export interface TrustOptions {
  /** The start of the update, fixed once (5.1): nothing that expires during it fails half-way. */
  readonly now: Date;
  readonly limits?: Limits;
  /** `ignore` judges what was installed long ago: signatures, versions and hashes still count. */
  readonly expiry?: 'enforce' | 'ignore';
}

/**
 * The client workflow of TUF 1.0.34 section 5, without its input and output: feed it bytes in the specification's
 * order, and what it holds is trusted. A step that throws leaves the last trusted state in force; metadata that is
 * good but expired is kept in memory, where it still guards against rollback, and must not be written to disk.
 *
 * It may follow a repository for longer than one refresh: feed the next timestamp, snapshot and so on. A new snapshot
 * makes it forget every role of which it says something new, and what was trusted because of that role.
 *
 * Every update may throw MalformedMetadataError, LimitExceededError and UnsignedMetadataError beside what it names.
 */
export class TrustedMetadataSet {
  readonly #now: Date;
  readonly #limits: Limits;
  readonly #enforceExpiry: boolean;
  #root: Root;
  #timestamp: Timestamp | null = null;
  #snapshot: Snapshot | null = null;
  /** What the timestamp said of the snapshot's bytes when they were found to be those; null = a guard, no more. */
  #snapshotFile: MetaFile | null = null;
  readonly #roles = new LoadedRoles();

  /** `rootBytes` is trusted because the caller says so (5.2); it must still carry its own threshold. */
  constructor(rootBytes: Uint8Array, options: TrustOptions) {
    this.#now = new Date(options.now);
    this.#limits = options.limits ?? defaultLimits;
    this.#enforceExpiry = options.expiry !== 'ignore';
    const metadata = this.#parse(rootBytes, 'root', 'root');
    this.#root = metadata.signed;
    this.#verifyTopLevel(metadata, 'root');
  }

  get root(): Root {
    return this.#root;
  }

  get timestamp(): Timestamp | null {
    return this.#timestamp;
  }

  /** Possibly only a guard against rollback: `updateTargets` checks that it is the one the timestamp names. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get targets(): Targets | null {
    return this.role(roleName('targets'), roleName('root'));
  }

  /** The role as `delegator` trusts it; null if it was not loaded, or only for another delegator. */
  role(name: RoleName, delegator: RoleName): Targets | null {
    return this.#roles.get(name, delegator);
  }

  /** 5.3: the next root, signed by the thresholds of the trusted one and of itself. */
  updateRoot(bytes: Uint8Array): Root {
    if (this.#timestamp !== null) throw new WorkflowError('root is updated before timestamp (5.3)');
    const metadata = this.#parse(bytes, 'root', 'root');
    const next = metadata.signed;
    this.#verifyTopLevel(metadata, 'root'); // 5.3.4: the threshold of the trusted root
    verifyThreshold(metadata, topLevelKeys(next, 'root'), next.keys, `root ${next.version} by its own keys`); // 5.3.4
    const expected = this.#root.version + 1;
    if (next.version !== expected)
      // 5.3.5: rollback, and none may be skipped
      throw new BadVersionNumberError(`root: expected version ${expected}, got ${next.version}`);
    this.#root = next; // 5.3.6: an expired intermediate root is fine
    return next;
  }

  /**
   * 5.4. True if it replaced the trusted one, false if its version is the same (then the trusted one stays, 5.4.3.1).
   * @throws BadVersionNumberError, ExpiredMetadataError (also for the root, 5.3.10)
   */
  updateTimestamp(bytes: Uint8Array): boolean {
    this.#checkExpiry(this.#root, `root version ${this.#root.version}`); // 5.3.10: freeze
    const metadata = this.#parse(bytes, 'timestamp', 'timestamp', this.#limits.timestampMaxLength);
    this.#verifyTopLevel(metadata, 'timestamp'); // 5.4.2
    const next = metadata.signed;
    const trusted = this.#timestamp;
    if (trusted !== null) {
      refuseOlder('timestamp', next.version, trusted.version); // 5.4.3.1: rollback
      if (next.version === trusted.version) {
        this.#checkExpiry(trusted, 'timestamp');
        return false; // 5.4.3.1: discarded, whatever it says
      }
      refuseOlder('snapshot in timestamp', next.snapshot.version, trusted.snapshot.version); // 5.4.3.2
    }
    this.#timestamp = next; // kept even if expired: it still guards against rollback
    this.#checkExpiry(next, 'timestamp'); // 5.4.4: freeze
    return true;
  }

  /**
   * 5.5. `trusted` = these bytes come from the local store, where length and hash were checked when they were written;
   * if they are no longer what the timestamp names, this throws, but they stay as a guard against rollback.
   * `parsed` = what `bytes` say, from whoever has signed them just now in this process; all else is checked as ever.
   * @throws LengthOrHashMismatchError, BadVersionNumberError, ExpiredMetadataError
   */
  updateSnapshot(
    bytes: Uint8Array,
    options: { readonly trusted?: boolean; readonly parsed?: Metadata<'snapshot'> } = {},
  ): Snapshot {
    const expected = this.#expectedSnapshot();
    if (options.trusted !== true) checkBytes(bytes, expected, 'snapshot'); // 5.5.2: mix and match
    const { parsed } = options;
    const metadata =
      parsed !== undefined && standsIn(bytes, parsed)
        ? parsed
        : this.#parse(bytes, 'snapshot', 'snapshot', this.#limits.snapshotMaxLength);
    this.#verifyTopLevel(metadata, 'snapshot'); // 5.5.3
    const next = metadata.signed;
    if (this.#snapshot !== null) refuseOlderRoles(next, this.#snapshot); // 5.5.5: rollback
    this.#snapshot = next;
    this.#snapshotFile = null;
    this.#checkSnapshot(next, expected);
    if (options.trusted === true) checkBytes(bytes, expected, 'snapshot'); // the same version, signed twice
    this.#snapshotFile = expected;
    this.#roles.keepOnly(next);
    return next;
  }

  /** 5.6: the top-level targets role. */
  updateTargets(bytes: Uint8Array): Targets {
    return this.updateDelegatedTargets(bytes, roleName('targets'), roleName('root'));
  }

  /**
   * 5.6.7: `name` as `delegator` delegates to it; the delegator is loaded already.
   * @throws UnknownRoleError, LengthOrHashMismatchError, BadVersionNumberError, ExpiredMetadataError, WorkflowError
   */
  updateDelegatedTargets(bytes: Uint8Array, name: RoleName, delegator: RoleName): Targets {
    const expected = this.expectedRole(name);
    const { keys, role } = this.#delegation(name, delegator);
    checkBytes(bytes, expected, name); // 5.6.2: mix and match
    const metadata = this.#parse(bytes, 'targets', name, this.#limits.targetsMaxLength);
    verifyThreshold(metadata, role, keys, `${name} as delegated by ${delegator}`); // 5.6.3: arbitrary software
    if (metadata.signed.version !== expected.version)
      // 5.6.4: rollback, mix and match
      throw new BadVersionNumberError(
        `${name}: the snapshot names version ${expected.version}, got ${metadata.signed.version}`,
      );
    this.#checkExpiry(metadata.signed, name); // 5.6.5: freeze
    return this.#roles.accept(name, delegator, metadata, expected);
  }

  /**
   * What the snapshot says about a role, once the snapshot is the one that the timestamp names.
   * @throws UnknownRoleError, WorkflowError, and what `updateSnapshot` throws for one that is not
   */
  expectedRole(name: RoleName): MetaFile {
    const snapshot = this.#snapshot;
    if (snapshot === null) throw new WorkflowError(`${name} is loaded after snapshot (5.6)`);
    const announced = this.#expectedSnapshot();
    this.#checkSnapshot(snapshot, announced);
    if (this.#snapshotFile === null || !sameFile(this.#snapshotFile, announced))
      throw new LengthOrHashMismatchError('snapshot: not the bytes that the timestamp announces'); // 5.5.2
    const expected = snapshot.meta.get(name);
    if (expected === undefined) throw new UnknownRoleError(`the snapshot does not list the role ${name}`);
    return expected;
  }

  /** The delegations of the role as `delegator` trusts it; null if it has none or was not loaded. */
  delegationsOf(name: RoleName, delegator: RoleName): Delegations | null {
    return this.role(name, delegator)?.delegations ?? null;
  }

  #expectedSnapshot(): MetaFile {
    const timestamp = this.#timestamp;
    if (timestamp === null) throw new WorkflowError('snapshot is updated after timestamp (5.5)');
    this.#checkExpiry(timestamp, 'timestamp');
    return timestamp.snapshot;
  }

  #checkSnapshot(snapshot: Snapshot, expected: MetaFile): void {
    this.#checkExpiry(snapshot, 'snapshot'); // 5.5.6: freeze
    if (snapshot.version !== expected.version)
      // 5.5.4: mix and match
      throw new BadVersionNumberError(
        `snapshot: the timestamp names version ${expected.version}, got ${snapshot.version}`,
      );
  }

  #delegation(name: RoleName, delegator: RoleName): { keys: Delegations['keys']; role: RoleKeys } {
    if (delegator === 'root') {
      if (name !== 'targets') throw new UnknownRoleError(`root does not delegate to ${name}`);
      return { keys: this.#root.keys, role: topLevelKeys(this.#root, 'targets') };
    }
    const loaded = this.#roles.delegator(delegator);
    if (loaded === null)
      throw new WorkflowError(`${name} is loaded after its delegator ${delegator} (5.6.7)`);
    const { delegations } = loaded;
    const role = delegations === null ? null : delegatedKeys(delegations, name);
    if (delegations === null || role === null)
      throw new UnknownRoleError(`${delegator} does not delegate to ${name}`);
    return { keys: delegations.keys, role };
  }

  #parse<T extends SignedType>(
    bytes: Uint8Array,
    type: T,
    what: string,
    maxLength = this.#limits.rootMaxLength,
  ): Metadata<T> {
    if (bytes.length > maxLength)
      throw new LimitExceededError(`${what}: ${bytes.length} bytes, more than ${maxLength}`);
    return parseMetadata(bytes, type, this.#limits, what);
  }

  #verifyTopLevel(metadata: Metadata, role: TopLevelRole): void {
    verifyThreshold(metadata, topLevelKeys(this.#root, role), this.#root.keys, role);
  }

  #checkExpiry(signed: { readonly expires: Date }, what: string): void {
    if (!this.#enforceExpiry || signed.expires > this.#now) return;
    throw new ExpiredMetadataError(`${what} expired at ${signed.expires.toISOString()}`, {
      expires: signed.expires,
      hint: 'the last trusted state is kept; the operator of the repository has to sign anew, or the clock here is wrong',
    });
  }
}

/** What is signed stands in the file as it was signed, behind the signatures. */
function standsIn(bytes: Uint8Array, { signedBytes }: Metadata): boolean {
  return Buffer.compare(bytes.subarray(-1 - signedBytes.length, -1), signedBytes) === 0;
}

function refuseOlder(what: string, next: number, trusted: number): void {
  if (next < trusted)
    throw new BadVersionNumberError(`${what}: version ${next} is older than the trusted ${trusted}`);
}

function refuseOlderRoles(next: Snapshot, trusted: Snapshot): void {
  for (const [role, file] of trusted.meta) {
    const now = next.meta.get(role);
    if (now === undefined)
      throw new BadVersionNumberError(`snapshot ${next.version} no longer lists the role ${role}`);
    refuseOlder(`${role} in snapshot`, now.version, file.version);
  }
}
