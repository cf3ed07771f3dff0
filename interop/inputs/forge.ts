import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { at, canonical, list, text, type Fields, type Json } from './json.ts';

/** A key made at run time. */
export interface ForgeKey {
  readonly id: string;
  readonly json: Fields;
  readonly sign: (message: Uint8Array) => string;
}

export function newKey(): ForgeKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } };
  return {
    id: sha256(Buffer.from(canonical(json))),
    json,
    sign: (message) => sign(null, message, privateKey).toString('hex'),
  };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Signed {
  readonly keyid: string;
  readonly sig: string;
}

/** A metadata file before it is signed, and every way to spoil it. */
export interface Draft {
  signed: Fields;
  signers: ForgeKey[];
  /** Changes what was signed properly. */
  signatures?: (signatures: readonly Signed[]) => readonly Signed[];
  /** Changes the file after it was signed. */
  file?: (text: string) => string | Uint8Array;
  /** Changes what the role above says about this file; `null`: it does not list it. */
  listed?: (entry: Fields) => Fields | null;
}

export interface NewRole {
  readonly name: string;
  readonly from?: string;
  readonly paths?: readonly string[];
  readonly terminating?: boolean;
  readonly key?: ForgeKey;
}

type Top = 'root' | 'timestamp' | 'snapshot' | 'targets';

function after(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;
}

const common = (type: string): Fields => ({
  _type: type,
  spec_version: '1.0.31',
  version: 1,
  expires: after(5),
});

/**
 * A repository that is good until something is changed, written without our writer: it signs whatever it is given. Versions,
 * lengths and hashes in snapshot and timestamp follow by themselves; `Draft.listed` lies about them.
 */
export class Forge {
  readonly keys: Readonly<Record<Top, ForgeKey>> = {
    root: newKey(),
    timestamp: newKey(),
    snapshot: newKey(),
    targets: newKey(),
  };
  readonly root: Draft;
  readonly timestamp: Draft;
  readonly snapshot: Draft;
  /** `targets` and the delegated roles; those without a draft are not served. */
  readonly roles = new Map<string, Draft>();
  /** Roots as they were published; the first is version 1. */
  readonly roots: Uint8Array[] = [];
  readonly content = new Map<string, Uint8Array>();
  /** Files that are not served although they are there. */
  readonly missing = new Set<string>();
  readonly #extra = new Map<string, Uint8Array>();

  constructor() {
    const { root, timestamp, snapshot, targets } = this.keys;
    const roles: Fields = {};
    const keys: Fields = {};
    for (const [role, key] of Object.entries(this.keys)) {
      roles[role] = { keyids: [key.id], threshold: 1 };
      keys[key.id] = key.json;
    }
    const fields = {
      keys,
      roles,
      consistent_snapshot: true,
    };
    this.root = { signed: { ...common('root'), ...fields }, signers: [root] };
    this.timestamp = { signed: { ...common('timestamp'), meta: {} }, signers: [timestamp] };
    this.snapshot = { signed: { ...common('snapshot'), meta: {} }, signers: [snapshot] };
    this.roles.set('targets', { signed: { ...common('targets'), targets: {} }, signers: [targets] });
    this.target('targets', 'good.txt', 'good\n');
    this.delegate({ name: 'vendor', paths: ['vendor/*'] });
    this.target('vendor', 'vendor/tool.txt', 'tool\n');
  }

  role(name: string): Draft {
    const role = this.roles.get(name);
    if (role === undefined) throw new Error(`no role ${name}`);
    return role;
  }

  get targets(): Draft {
    return this.role('targets');
  }

  /** The entry of a delegation, to be changed. */
  delegation(from: string, index = 0): Fields {
    return at(this.role(from).signed, 'delegations', 'roles', index);
  }

  delegate({ name, from = 'targets', paths = ['*'], terminating = false, key = newKey() }: NewRole): Draft {
    const { signed } = this.role(from);
    signed['delegations'] ??= { keys: {}, roles: [] };
    const delegations = at(signed, 'delegations');
    at(delegations, 'keys')[key.id] = key.json;
    const before = delegations['roles'];
    const entry = { name, keyids: [key.id], threshold: 1, terminating, paths };
    delegations['roles'] = [...list(before), entry];
    const role = this.roles.get(name) ?? { signed: { ...common('targets'), targets: {} }, signers: [key] };
    this.roles.set(name, role);
    return role;
  }

  /** Lists `content` as `path` in a role, and serves it. */
  target(role: string, path: string, content: string): void {
    const bytes = Buffer.from(content);
    const value = { length: bytes.length, hashes: { sha256: sha256(bytes) } };
    // Not by assignment, which for `__proto__` is something else.
    Object.defineProperty(at(this.role(role).signed, 'targets'), path, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
    this.serve(path, bytes);
  }

  /** Where clients ask for it: `<dir>/<sha256>.<name>`, and for tough `<sha256>.<dir>/<name>`. */
  serve(path: string, bytes: Uint8Array, digest = sha256(bytes)): void {
    this.content.set(path, bytes);
    const slash = path.lastIndexOf('/') + 1;
    this.#extra.set(`targets/${path.slice(0, slash)}${digest}.${path.slice(slash)}`, bytes);
    this.#extra.set(`targets/${digest}.${path}`, bytes);
  }

  /** The next versions of these files. */
  bump(...drafts: readonly Draft[]): void {
    for (const draft of drafts) draft.signed['version'] = Number(draft.signed['version']) + 1;
  }

  /** Publishes the root as it stands as the next version, signed by `signers` too. */
  publishRoot(...signers: readonly ForgeKey[]): void {
    this.bump(this.root);
    this.roots.push(render({ ...this.root, signers: [...this.root.signers, ...signers] }));
  }

  /** Every file as of now. */
  files(): ReadonlyMap<string, Uint8Array> {
    if (this.roots.length === 0) this.roots.push(render(this.root));
    const files = new Map(this.#extra);
    for (const [index, bytes] of this.roots.entries()) files.set(`metadata/${index + 1}.root.json`, bytes);
    const meta: Fields = {};
    for (const [name, role] of this.roles) {
      const bytes = render(role);
      const entry = entryOf(role, bytes);
      const version = entry?.['version'] ?? role.signed['version'] ?? null;
      const encoded = encodeURIComponent(name).replaceAll('!', '%21');
      files.set(`metadata/${text(version)}.${encoded}.json`, bytes);
      if (entry !== null) meta[`${name}.json`] = entry;
    }
    this.snapshot.signed['meta'] = meta;
    const snapshot = render(this.snapshot);
    const entry = entryOf(this.snapshot, snapshot);
    const version = entry?.['version'] ?? null;
    files.set(`metadata/${text(version)}.snapshot.json`, snapshot);
    this.timestamp.signed['meta'] = entry === null ? {} : { 'snapshot.json': entry };
    files.set('metadata/timestamp.json', render(this.timestamp));
    for (const name of this.missing) files.delete(name);
    return files;
  }
}

function entryOf(draft: Draft, bytes: Uint8Array): Fields | null {
  const entry: Fields = {
    version: draft.signed['version'] ?? 1,
    length: bytes.length,
    hashes: { sha256: sha256(bytes) },
  };
  return draft.listed === undefined ? entry : draft.listed(entry);
}

function render({ signed, signers, signatures, file }: Draft): Uint8Array {
  const message = Buffer.from(canonical(signed));
  const honest = signers.map((key): Signed => ({ keyid: key.id, sig: key.sign(message) }));
  const made = (signatures?.(honest) ?? honest).map(({ keyid, sig }): Json => ({ keyid, sig }));
  const plain = `{"signatures":${text(made)},"signed":${text(signed)}}`;
  const served = file?.(plain) ?? plain;
  return typeof served === 'string' ? Buffer.from(served) : served;
}
