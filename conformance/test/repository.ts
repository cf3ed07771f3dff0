import type { JsonOutput, Signature } from '@ragnos/tuf';
import { canonicalJson, keyId, metadataToBytes, parseMetadata } from '@ragnos/tuf';
import { createHash } from 'node:crypto';

import type {
  DelegatedRole,
  Listing,
  MetaFile,
  RoleKeys,
  Root,
  Signed,
  TargetFile,
  Targets,
} from './model.ts';
import { member, newRoot, newSnapshot, newTargets, newTimestamp } from './model.ts';
import type { Signer } from './signer.ts';
import { newSigner } from './signer.ts';

const topLevel = ['targets', 'snapshot', 'timestamp', 'root'];

export function digest(bytes: Uint8Array, algorithm = 'sha256'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** A metadata file, laid out in a way that is not canonical: what the client keeps must be these bytes. */
export function fileOf(signed: JsonOutput, signatures: readonly Signature[]): Uint8Array {
  return laidOut(metadataToBytes(canonicalJson(signed), signatures));
}

function laidOut(compact: Uint8Array): Uint8Array {
  const json: unknown = JSON.parse(new TextDecoder().decode(compact));
  return new TextEncoder().encode(JSON.stringify(json, null, 1));
}

export function signatureOf(id: string, sig: string): Signature {
  return { keyId: keyId(id), sig };
}

/**
 * A repository that keeps every version it ever published, as the suite's own does: change a role, `publish` it and what
 * names it, and it is there under its next number. It does what it is told, attacks included.
 */
export class Repository {
  readonly root: Root = newRoot();
  readonly timestamp: Listing = newTimestamp();
  readonly snapshot: Listing = newSnapshot();
  /** `targets` and the delegated roles. */
  readonly roles = new Map<string, Targets>([['targets', newTargets()]]);
  /** Who signs a role when it is published; not who may. */
  readonly signers = new Map<string, Signer[]>();
  /** Of each role, in order; index 0 is what stands under version 1. */
  readonly published = new Map<string, Uint8Array[]>();
  readonly artifacts = new Map<string, { bytes: Uint8Array; readonly file: TargetFile }>();
  /** Lengths and hashes of what is published from now on. */
  hashes = false;
  /** Names below `metadata/` and `targets/` that were asked for, in order. */
  readonly metadataAsked: string[] = [];
  readonly artifactsAsked: string[] = [];

  constructor() {
    for (const role of topLevel) {
      this.root.roles.set(role, { keyids: [], threshold: 1 });
      this.addKey(role);
    }
    this.publish(...topLevel);
  }

  get targets(): Targets {
    return member(this.roles, 'targets');
  }

  topLevelRole(role: string): RoleKeys {
    return member(this.root.roles, role);
  }

  /** The key is named for the role and signs it from now on. It may stand there already: then it stands twice. */
  addKey(role: string, signer: Signer = newSigner(), delegator = 'root'): void {
    this.trustKey(role, signer, delegator);
    this.addSigner(role, signer);
  }

  trustKey(role: string, signer: Signer, delegator = 'root'): void {
    if (delegator === 'root') {
      this.root.keys.set(signer.id, signer.key);
      this.topLevelRole(role).keyids.push(signer.id);
      return;
    }
    const { delegations } = member(this.roles, delegator);
    delegations?.keys.set(signer.id, signer.key);
    delegations?.roles.find(({ name }) => name === role)?.keyids.push(signer.id);
  }

  addSigner(role: string, signer: Signer): void {
    const others = (this.signers.get(role) ?? []).filter(({ id }) => id !== signer.id);
    this.signers.set(role, [...others, signer]);
  }

  /** Nobody may sign the role, nobody does. */
  clearKeys(role: string): void {
    this.topLevelRole(role).keyids = [];
    this.signers.set(role, []);
  }

  rotateKeys(role: string): void {
    this.clearKeys(role);
    for (let i = 0; i < this.topLevelRole(role).threshold; i++) this.addKey(role);
  }

  /** Below `delegator`, last in its order, with one new key, which is returned. */
  delegate(delegator: string, name: string, options: Partial<DelegatedRole> = {}): Signer {
    const role = { name, keyids: [], threshold: 1, terminating: false, paths: ['*'], ...options };
    const from = member(this.roles, delegator);
    from.delegations ??= { keys: new Map(), roles: [] };
    from.delegations.roles.push(role);
    if (!this.roles.has(name)) this.roles.set(name, newTargets());
    const signer = newSigner();
    this.addKey(name, signer, delegator);
    return signer;
  }

  addArtifact(
    role: string,
    path: string,
    content: string,
    algorithms: readonly string[] = ['sha256'],
  ): TargetFile {
    const bytes = new TextEncoder().encode(content);
    const hashes = new Map(algorithms.map((algorithm) => [algorithm, digest(bytes, algorithm)]));
    const file = { length: bytes.length, hashes };
    member(this.roles, role).targets.set(path, file);
    this.artifacts.set(path, { bytes, file });
    return file;
  }

  /** Serves other bytes in an artifact's place; the metadata says nothing of it. */
  replaceArtifact(path: string, content: string): void {
    member(this.artifacts, path).bytes = new TextEncoder().encode(content);
  }

  signed(role: string): Signed {
    if (role === 'root') return this.root;
    if (role === 'timestamp') return this.timestamp;
    return role === 'snapshot' ? this.snapshot : member(this.roles, role);
  }

  sign(role: string): Signature[] {
    const bytes = canonicalJson(this.signed(role));
    return (this.signers.get(role) ?? []).map((signer) => signatureOf(signer.id, signer.sign(bytes)));
  }

  /** A new version of each, in the given order, but for one that was never published or is forgotten: that keeps its number. */
  publish(...roles: readonly string[]): void {
    for (const role of roles) {
      const signed = this.signed(role);
      if (this.published.has(role)) signed.version++;
      const bytes = fileOf(signed, this.sign(role));
      this.published.set(role, [...(this.published.get(role) ?? []), bytes]);
      const announced: MetaFile = { version: signed.version };
      if (this.hashes) {
        announced.length = bytes.length;
        announced.hashes = new Map([['sha256', digest(bytes)]]);
      }
      if (role === 'snapshot') this.timestamp.meta.set('snapshot.json', announced);
      else if (role !== 'root' && role !== 'timestamp') this.snapshot.meta.set(`${role}.json`, announced);
    }
  }

  /** What was published of the role is gone, and the next one gets the number `version`. */
  restart(role: string, version = 1): void {
    this.published.delete(role);
    this.signed(role).version = version;
  }

  latest(role: string): Uint8Array {
    const bytes = this.published.get(role)?.at(-1);
    if (bytes === undefined) throw new Error(`${role} was not published`);
    return bytes;
  }

  /** Puts other bytes in the place of the role's last version. */
  replaceLatest(role: string, bytes: Uint8Array): void {
    this.published.set(role, [...(this.published.get(role) ?? []).slice(0, -1), bytes]);
  }

  /** The role's last version under other signatures. */
  resign(role: string, change: (signatures: readonly Signature[]) => readonly Signature[]): void {
    const type = role === 'root' || role === 'timestamp' || role === 'snapshot' ? role : 'targets';
    const { signedBytes, signatures } = parseMetadata(this.latest(role), type);
    this.replaceLatest(role, laidOut(metadataToBytes(signedBytes, change(signatures))));
  }

  /** What stands at a path below the repository's URL, as it was asked for, still encoded; `null` = 404. */
  answer(path: string): Uint8Array | null {
    const metadata = /^metadata\/(?:(\d+)\.)?(.+)\.json$/.exec(path);
    if (metadata !== null) {
      const [, version, name = ''] = metadata;
      this.metadataAsked.push(path.slice('metadata/'.length));
      if ((name === 'timestamp') !== (version === undefined)) return null;
      const history = this.published.get(decodeURIComponent(name)) ?? [];
      return history.at(version === undefined ? -1 : Number(version) - 1) ?? null;
    }
    const artifact = /^targets\/((?:.*\/)?)([0-9a-f]+)\.([^/]+)$/.exec(path);
    if (artifact === null) return null;
    this.artifactsAsked.push(path.slice('targets/'.length));
    const [, folder = '', hash = '', name = ''] = artifact;
    const found = this.artifacts.get(decodeURIComponent(folder + name));
    return found !== undefined && [...found.file.hashes.values()].includes(hash) ? found.bytes : null;
  }
}
