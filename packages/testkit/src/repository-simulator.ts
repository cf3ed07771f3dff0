import type { FetchOptions, Fetcher } from '@ragnos/client';
import { defineFetcher, DownloadNotFoundError } from '@ragnos/client';
import type {
  JsonValue,
  MetaFile,
  RoleName,
  Root,
  Signed,
  Snapshot,
  Targets,
  Timestamp,
  TopLevelRole,
} from '@ragnos/tuf';
import {
  binName,
  hashedTargetPath,
  hexDigest,
  metadataFileName,
  metadataToBytes,
  roleName,
  signedToBytes,
  targetPath,
  topLevelRoles,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';

import type { Mutable, NewDelegation } from './simulator-model.ts';
import {
  delegatedRole,
  emptyDelegations,
  emptyRoot,
  emptySnapshot,
  emptyTargets,
  emptyTimestamp,
} from './simulator-model.ts';
import type { TestKey } from './test-key.ts';
import { newTestKey } from './test-key.ts';

export interface SimulatorOptions {
  readonly now?: Date;
  readonly consistentSnapshot?: boolean;
  /** Lengths and hashes in timestamp and snapshot. Default true. */
  readonly hashes?: boolean;
}

/** Files below the base URL, by path: `metadata/1.root.json`, `targets/…`. */
export type Files = ReadonlyMap<string, Uint8Array>;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * A living repository that is its own fetcher: change a field, `publish()` (or not, for an attack), refresh, assert.
 * What it serves is signed anew from its fields at each request, with keys made at run time. Roots alone are kept as they were
 * published. `overrides` replace or, with `null`, hide single files; `serve(files)` puts an earlier `files()` in place of all.
 */
export class RepositorySimulator implements Fetcher {
  readonly baseUrl = new URL('https://simulator.example/');
  readonly now: Date;
  readonly root: Mutable<Root>;
  timestamp: Mutable<Timestamp>;
  snapshot: Mutable<Snapshot>;
  /** `targets` and the delegated roles. */
  readonly roles = new Map<RoleName, Mutable<Targets>>();
  /** Who signs a role when it is served; not who may. */
  readonly signers = new Map<string, TestKey[]>();
  /** As published; index 0 is version 1. */
  readonly roots: Uint8Array[] = [];
  readonly content = new Map<string, Uint8Array>();
  readonly overrides = new Map<string, Uint8Array | null>();
  /** Paths asked for, in order. */
  readonly requests: string[] = [];
  hashes: boolean;
  #served: Files | null = null;
  readonly #fetcher: Fetcher;

  constructor(options: SimulatorOptions = {}) {
    this.now = options.now ?? new Date('2026-01-01T00:00:00Z');
    this.hashes = options.hashes ?? true;
    this.root = emptyRoot(this.now, options.consistentSnapshot ?? true);
    this.timestamp = emptyTimestamp(this.now);
    this.snapshot = emptySnapshot(this.now);
    this.roles.set(roleName('targets'), emptyTargets(this.now));
    this.#fetcher = defineFetcher({
      open: async (url, { offset }) => {
        const path = url.href.slice(this.baseUrl.href.length);
        this.requests.push(path);
        const bytes = this.file(path);
        if (bytes === null) throw new DownloadNotFoundError(`${path}: not found`);
        return (async function* () {
          if (offset < bytes.length) yield bytes.subarray(offset);
        })();
      },
    });
    for (const role of topLevelRoles) this.rotate(role);
    this.publishRoot(1);
    this.#announce();
  }

  fetch(url: URL, options: FetchOptions): AsyncIterable<Uint8Array> {
    return this.#fetcher.fetch(url, options);
  }

  get targets(): Mutable<Targets> {
    return this.role('targets');
  }

  role(name: string): Mutable<Targets> {
    const role = this.roles.get(roleName(name));
    if (role === undefined) throw new Error(`the simulator has no role ${name}`);
    return role;
  }

  /** Root 1 as a host would be given it. */
  get firstRoot(): Uint8Array {
    return this.roots[0] ?? new Uint8Array();
  }

  /** A new key set for a top-level role; the old keys are gone. Takes effect with `publishRoot()`. */
  rotate(role: TopLevelRole, count = 1, threshold = count): void {
    const keys = Array.from({ length: count }, newTestKey);
    for (const id of this.root.roles.get(role)?.keyIds ?? []) this.root.keys.delete(id);
    for (const { key } of keys) this.root.keys.set(key.keyId, key);
    this.root.roles.set(role, {
      keyIds: keys.map(({ key }) => key.keyId),
      threshold,
      unrecognized: new Map(),
    });
    this.#previousRootKeys = role === 'root' ? (this.signers.get('root') ?? []) : this.#previousRootKeys;
    this.signers.set(role, keys);
  }

  #previousRootKeys: TestKey[] = [];

  /** Signs the root as it is, with the keys of the one before too, and publishes it as the next version. */
  publishRoot(version = this.root.version + 1): Uint8Array {
    this.root.version = version;
    const bytes = this.sign(this.root, [...(this.signers.get('root') ?? []), ...this.#previousRootKeys]);
    this.#previousRootKeys = [];
    this.roots.push(bytes);
    return bytes;
  }

  /** New versions of the given roles (default `targets`), of snapshot and of timestamp, consistent with each other. */
  publish(...roles: readonly string[]): void {
    for (const name of roles.length === 0 ? ['targets'] : roles) this.role(name).version++;
    this.publishSnapshot();
  }

  publishSnapshot(): void {
    this.snapshot.version++;
    this.timestamp.version++;
    this.#announce();
  }

  publishTimestamp(): void {
    this.timestamp.version++;
    this.timestamp.snapshot = this.#metaFile('snapshot', this.snapshot);
  }

  #announce(): void {
    for (const [name, role] of this.roles) this.snapshot.meta.set(name, this.#metaFile(name, role));
    this.timestamp.snapshot = this.#metaFile('snapshot', this.snapshot);
  }

  #metaFile(name: string, signed: Signed): MetaFile {
    const unrecognized = new Map();
    if (!this.hashes) return { version: signed.version, length: null, hashes: null, unrecognized };
    const bytes = this.sign(signed, this.signers.get(name) ?? []);
    const hashes = new Map([['sha256', hexDigest(sha256(bytes))]]);
    return { version: signed.version, length: bytes.length, hashes, unrecognized };
  }

  sign(signed: Signed, keys: readonly TestKey[]): Uint8Array {
    const bytes = signedToBytes(signed);
    return metadataToBytes(
      bytes,
      keys.map((key) => key.sign(bytes)),
    );
  }

  /** A delegated role with a key of its own (or `keys`), empty; not published yet. */
  delegate(options: NewDelegation, keys: readonly TestKey[] = [newTestKey()]): Mutable<Targets> {
    const name = roleName(options.name);
    const from = this.role(options.from ?? 'targets');
    const delegations = from.delegations ?? emptyDelegations();
    const role = { ...delegatedRole(name, options), keyIds: keys.map(({ key }) => key.keyId) };
    from.delegations = {
      ...delegations,
      keys: new Map([...delegations.keys, ...keys.map(({ key }) => [key.keyId, key] as const)]),
      roles: [...(delegations.roles ?? []), role],
    };
    if (!this.signers.has(name)) this.signers.set(name, [...keys]);
    return this.#roleFor(name);
  }

  #roleFor(name: RoleName): Mutable<Targets> {
    const role = this.roles.get(name) ?? emptyTargets(this.now);
    this.roles.set(name, role);
    return role;
  }

  /** TAP 15: 2^bitLength bins below `from`, all with one key. Returns their names. */
  delegateBins(from: string, namePrefix: string, bitLength: number): readonly RoleName[] {
    const key = newTestKey();
    const keyIds = [key.key.keyId];
    const succinctRoles = { bitLength, namePrefix, keyIds, threshold: 1, unrecognized: new Map() };
    const keys = new Map([[key.key.keyId, key.key]]);
    this.role(from).delegations = { ...emptyDelegations(), keys, roles: null, succinctRoles };
    return Array.from({ length: 2 ** bitLength }, (_, index) => {
      const name = binName(succinctRoles, index);
      this.signers.set(name, [key]);
      this.#roleFor(name);
      return name;
    });
  }

  /** Sixteen roles below `from` by the first digit of the path's sha256. Returns their names. */
  delegateHashPrefixes(from: string, namePrefix: string): readonly RoleName[] {
    return Array.from('0123456789abcdef', (digit) => {
      const name = roleName(`${namePrefix}-${digit}`);
      this.delegate({ from, name, pathHashPrefixes: [digit] });
      return name;
    });
  }

  /** Lists `content` as a target of `role`, and serves it. Not published yet. */
  addTarget(path: string, content: Uint8Array | string, role = 'targets', custom?: JsonValue): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const hashes = new Map([['sha256', hexDigest(sha256(bytes))]]);
    this.role(role).targets.set(targetPath(path), {
      length: bytes.length,
      hashes,
      custom,
      unrecognized: new Map(),
    });
    this.content.set(path, bytes);
  }

  /** What stands at a path below the base URL now; `null` = 404. */
  file(path: string): Uint8Array | null {
    const override = this.overrides.get(path);
    if (override !== undefined) return override;
    return (this.#served ?? this.files()).get(path) ?? null;
  }

  /** Every file of the repository as it is now. */
  files(): Files {
    const files = new Map<string, Uint8Array>();
    const put = (role: string, signed: Signed, versioned: boolean): void => {
      const version = versioned && this.root.consistentSnapshot ? signed.version : undefined;
      const file = metadataFileName(roleName(role), version);
      files.set(`metadata/${file}`, this.sign(signed, this.signers.get(role) ?? []));
    };
    for (const [index, bytes] of this.roots.entries()) files.set(`metadata/${index + 1}.root.json`, bytes);
    put('timestamp', this.timestamp, false);
    put('snapshot', this.snapshot, true);
    for (const [name, role] of this.roles) {
      put(name, role, true);
      for (const [path, { hashes }] of role.targets) {
        const digest = hashes.values().next().value;
        const bytes = this.content.get(path);
        if (digest === undefined || bytes === undefined) continue;
        const published = this.root.consistentSnapshot ? hashedTargetPath(path, digest) : path;
        files.set(`targets/${published.split('/').map(encodeURIComponent).join('/')}`, bytes);
      }
    }
    return files;
  }

  /** Serves `files` (an earlier `files()`: replay) instead of what the fields say; `null` ends that. */
  serve(files: Files | null): void {
    this.#served = files;
  }
}
