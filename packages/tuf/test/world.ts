import {
  canonicalJson,
  keyToJson,
  roleName,
  TrustedMetadataSet,
  VaultError,
  type JsonOutput,
  type TrustOptions,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { ed25519, type Signer } from './signer.ts';

// Metadata as plain JSON, so that a test can say anything; signed like everybody signs, without our own writers.

export interface Json {
  readonly [name: string]: JsonOutput;
}

export const now = new Date('2030-01-01T00:00:00Z');
export const common = { spec_version: '1.0.34', version: 1, expires: '2030-06-01T00:00:00Z' };
export const expired = { expires: '2029-12-31T23:59:59Z' };
export const digest = 'ab'.repeat(32);
export const file = { length: 3, hashes: { sha256: digest } };
export const targetsRole = roleName('targets');
export const rootRole = roleName('root');

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A whole file; `signatures` come before those of `signers`. */
export function envelope(
  signed: JsonOutput,
  signers: readonly Signer[],
  signatures: readonly JsonOutput[] = [],
): Uint8Array {
  const message = canonicalJson(signed);
  const made = signers.map((signer) => ({ keyid: signer.key.keyId, sig: signer.sign(message) }));
  return bytesOf(JSON.stringify({ signed, signatures: [...signatures, ...made] }));
}

export function keysJson(signers: readonly Signer[]): Json {
  return Object.fromEntries(signers.map(({ key }) => [key.keyId, keyToJson(key)]));
}

export function role(signers: readonly Signer[], threshold: JsonOutput = signers.length): Json {
  return { keyids: signers.map(({ key }) => key.keyId), threshold };
}

export interface Keys {
  readonly root: readonly Signer[];
  readonly timestamp: readonly Signer[];
  readonly snapshot: readonly Signer[];
  readonly targets: readonly Signer[];
}

export function newKeys(): Keys {
  return { root: [ed25519()], timestamp: [ed25519()], snapshot: [ed25519()], targets: [ed25519()] };
}

export function rolesJson(keys: Keys, over: Json = {}): Json {
  return {
    root: role(keys.root),
    timestamp: role(keys.timestamp),
    snapshot: role(keys.snapshot),
    targets: role(keys.targets),
    ...over,
  };
}

export function rootJson(keys: Keys, over: Json = {}): Json {
  const all = [...keys.root, ...keys.timestamp, ...keys.snapshot, ...keys.targets];
  return {
    _type: 'root',
    ...common,
    consistent_snapshot: true,
    keys: keysJson(all),
    roles: rolesJson(keys),
    ...over,
  };
}

export function timestampJson(snapshot: JsonOutput = { version: 1 }, over: Json = {}): Json {
  return { _type: 'timestamp', ...common, meta: { 'snapshot.json': snapshot }, ...over };
}

export function snapshotJson(meta: Json = {}, over: Json = {}): Json {
  return { _type: 'snapshot', ...common, meta: { 'targets.json': { version: 1 }, ...meta }, ...over };
}

export function targetsJson(over: Json = {}): Json {
  return { _type: 'targets', ...common, targets: { 'a/b.txt': file }, ...over };
}

/** A delegation to each of `roles` by name, with its signers and whatever else is said of it. */
export function delegations(roles: Readonly<Record<string, readonly [readonly Signer[], Json?]>>): Json {
  return {
    keys: keysJson(Object.values(roles).flatMap(([signers]) => signers)),
    roles: Object.entries(roles).map(([name, [signers, over]]) => ({
      name,
      ...role(signers),
      terminating: false,
      paths: [`${name}/*`],
      ...over,
    })),
  };
}

export function metaFile(bytes: Uint8Array, version = 1): Json {
  return {
    version,
    length: bytes.length,
    hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
  };
}

export interface Repository {
  readonly keys: Keys;
  readonly root: Uint8Array;
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly targets: Uint8Array;
  readonly roles: ReadonlyMap<string, Uint8Array>;
}

export interface Contents {
  readonly keys?: Keys;
  readonly root?: Json;
  readonly timestamp?: Json;
  readonly snapshot?: Json;
  readonly targets?: Json;
  /** Delegated roles: what they say, and who signs. */
  readonly roles?: Readonly<Record<string, readonly [Json, readonly Signer[]]>>;
  /** Whether timestamp and snapshot give lengths and hashes. */
  readonly hashes?: boolean;
}

function versionOf(json: Json): number {
  return typeof json['version'] === 'number' ? json['version'] : 1;
}

/** A whole repository, each level announcing the one below. */
export function repository(contents: Contents = {}): Repository {
  const keys = contents.keys ?? newKeys();
  const announce = (bytes: Uint8Array, json: Json): Json =>
    contents.hashes === false ? { version: versionOf(json) } : metaFile(bytes, versionOf(json));
  const targetsSigned = targetsJson(contents.targets);
  const targets = envelope(targetsSigned, keys.targets);
  const meta: Record<string, JsonOutput> = { 'targets.json': announce(targets, targetsSigned) };
  const roles = new Map<string, Uint8Array>();
  for (const [name, [over, signers]] of Object.entries(contents.roles ?? {})) {
    const signed = targetsJson({ targets: {}, ...over });
    const bytes = envelope(signed, signers);
    roles.set(name, bytes);
    meta[`${name}.json`] = announce(bytes, signed);
  }
  const snapshotSigned = { ...snapshotJson(meta), ...contents.snapshot };
  const snapshot = envelope(snapshotSigned, keys.snapshot);
  const timestampSigned = { ...timestampJson(announce(snapshot, snapshotSigned)), ...contents.timestamp };
  return {
    keys,
    root: envelope(rootJson(keys, contents.root), keys.root),
    timestamp: envelope(timestampSigned, keys.timestamp),
    snapshot,
    targets,
    roles,
  };
}

/** A set that was fed root, timestamp, snapshot and targets. */
export function load(files: Repository, options: Partial<TrustOptions> = {}): TrustedMetadataSet {
  const set = loadSnapshot(files, options);
  set.updateTargets(files.targets);
  return set;
}

export function loadSnapshot(files: Repository, options: Partial<TrustOptions> = {}): TrustedMetadataSet {
  const set = loadTimestamp(files, options);
  set.updateSnapshot(files.snapshot);
  return set;
}

export function loadTimestamp(files: Repository, options: Partial<TrustOptions> = {}): TrustedMetadataSet {
  const set = new TrustedMetadataSet(files.root, { now, ...options });
  set.updateTimestamp(files.timestamp);
  return set;
}

/** The bytes of a delegated role. */
export function roleBytes(files: Repository, name: string): Uint8Array {
  return files.roles.get(name) ?? new Uint8Array();
}

/** The code of the error of ours that `act` throws; any other error is thrown on. Null if there is none. */
export function codeOf(act: () => unknown): string | null {
  try {
    act();
  } catch (error) {
    if (error instanceof VaultError) return error.code;
    throw error;
  }
  return null;
}
