import { canonicalJson, keyToJson, type JsonOutput } from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { ecdsa, ed25519, rsa, type Signer } from '../signer.ts';
import type { Tree } from './tree.ts';
import { treeOf } from './tree.ts';

/** Files that a mutant may change, from the last announced to the first. */
export const levels = ['child', 'vendor', 'other', 'targets', 'snapshot', 'timestamp', 'root'] as const;
export type Level = (typeof levels)[number];

/** What peers can be asked for; several roles list it, each with bytes of its own. */
export const target = 'vendors/x/y.txt';
const later = '2100-01-01T00:00:00Z';

export interface Entry {
  keyid: Tree;
  sig: Tree;
}

/** What happens to one level, in this order. */
export interface Change {
  readonly name: string;
  readonly level: Level;
  /** To the signed part, before it is signed. */
  readonly tree?: (signed: Tree) => void;
  /** Instead of the level's own signers. */
  readonly signers?: (world: Keys) => readonly Signer[];
  readonly signatures?: (entries: Entry[]) => Entry[];
  /** To the text, after it was signed and before it is announced. */
  readonly text?: (text: string) => string;
  /** To the bytes served, after they were announced. Null = nothing is served. */
  readonly served?: (bytes: Uint8Array) => Uint8Array | null;
}

export type Files = ReadonlyMap<string, Uint8Array>;

export interface Keys {
  readonly signers: Readonly<Record<Level, readonly Signer[]>>;
  /** Signs nothing that anybody trusts. */
  readonly stranger: Signer;
  /** Of the root before, alone. */
  readonly oldRoot: Signer;
  readonly newRoot: Signer;
  readonly firstRoot: Uint8Array;
}

export interface World extends Keys {
  /** What the host has seen: version 2 of everything. */
  readonly before: Files;
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function entry(text: string): { readonly length: number; readonly hashes: { readonly sha256: string } } {
  const bytes = Buffer.from(text);
  return { length: bytes.length, hashes: { sha256: hash(bytes) } };
}

function keys(signers: readonly Signer[]): JsonOutput {
  return Object.fromEntries(signers.map(({ key }) => [key.keyId, keyToJson(key)]));
}

function role(signers: readonly Signer[]): { readonly [name: string]: JsonOutput } {
  return { keyids: signers.map(({ key }) => key.keyId), threshold: signers.length };
}

const common = (version: number) => ({ spec_version: '1.0.34', version, expires: later });

function rootPart(version: number, signers: Keys['signers'], own: readonly Signer[]): Tree {
  const { timestamp, snapshot, targets } = signers;
  return treeOf({
    _type: 'root',
    ...common(version),
    consistent_snapshot: true,
    keys: keys([...own, ...timestamp, ...snapshot, ...targets]),
    roles: { root: role(own), timestamp: role(timestamp), snapshot: role(snapshot), targets: role(targets) },
  });
}

function targetsPart(level: Level, version: number, { signers }: Keys): Tree {
  const from = (name: Level, over: object): JsonOutput => ({
    name,
    ...role(signers[name]),
    terminating: false,
    ...over,
  });
  const delegations: Partial<Record<Level, JsonOutput>> = {
    targets: {
      keys: keys([...signers.vendor, ...signers.other]),
      roles: [
        from('vendor', { paths: ['vendors/x/*'], terminating: true }),
        from('other', { paths: ['vendors/*/*'] }),
      ],
    },
    vendor: {
      keys: keys(signers.child),
      roles: [from('child', { paths: ['vendors/*/y.*', 'vendors/?/*'] })],
    },
  };
  const listed: Partial<Record<Level, JsonOutput>> = {
    targets: { 'a/b.txt': entry('top') },
    vendor: {
      'vendors/x/z.txt': entry('vendor'),
      'vendors/x/custom': { ...entry('c'), custom: { a: [1, 'é'] } },
    },
    other: { [target]: entry('other') },
    child: { [target]: entry('child') },
  };
  const own = delegations[level];
  return treeOf({
    _type: 'targets',
    ...common(version),
    targets: listed[level] ?? {},
    ...(own === undefined ? {} : { delegations: own }),
  });
}

function announcement(bytes: Uint8Array, version: number): Tree {
  return { version, length: bytes.length, hashes: { sha256: hash(bytes) } };
}

/** The whole repository at `version`, with these changes; root is served as version 2. */
export function build(
  world: Keys,
  version: number,
  changes: readonly Change[] = [],
  earlier: Files = new Map(),
): Files {
  const files = new Map<string, Uint8Array>([...earlier, ['metadata/1.root.json', world.firstRoot]]);
  const meta: Record<string, Tree> = {};
  let snapshotSaid: Tree = {};
  for (const level of levels) {
    const mine = changes.filter((change) => change.level === level);
    const signed = ((): Tree => {
      if (level === 'root') return rootPart(2, world.signers, world.signers.root);
      if (level === 'timestamp')
        return treeOf({ _type: level, ...common(version), meta: { 'snapshot.json': snapshotSaid } });
      if (level === 'snapshot') return treeOf({ _type: level, ...common(version), meta });
      return targetsPart(level, version, world);
    })();
    for (const { tree } of mine) tree?.(signed);
    const changed = mine.findLast(({ signers }) => signers !== undefined)?.signers?.(world);
    const own = level === 'root' ? [world.oldRoot, ...world.signers.root] : world.signers[level];
    let entries = sign(signed, changed ?? own);
    for (const { signatures } of mine) entries = signatures?.(entries) ?? entries;
    let text = JSON.stringify({ signatures: entries, signed });
    for (const change of mine) text = change.text?.(text) ?? text;
    const bytes = new TextEncoder().encode(text);
    const said = announcement(bytes, version);
    if (level === 'snapshot') snapshotSaid = said;
    else meta[`${level}.json`] = said;
    let served: Uint8Array | null = bytes;
    for (const change of mine)
      if (served !== null && change.served !== undefined) served = change.served(served);
    if (served === null) continue;
    if (level === 'root') files.set('metadata/2.root.json', served);
    else {
      // Under every name that a client may ask for after a change of a version.
      for (const named of level === 'timestamp' ? [] : [version, version + 1])
        files.set(`metadata/${named}.${level}.json`, served);
      files.set(`metadata/${level}.json`, served);
    }
  }
  return files;
}

/** Most mutants leave most files alone, and signing is what takes the time. */
const made = new Map<string, string>();

function sign(signed: Tree, signers: readonly Signer[]): Entry[] {
  const message = canonicalJson(signed);
  return signers.map(({ key, sign: signOne }) => {
    const what = `${key.keyId}${hash(message)}`;
    const sig = made.get(what) ?? signOne(message);
    if (made.size > 5_000) made.clear();
    made.set(what, sig);
    return { keyid: key.keyId, sig };
  });
}

export function newWorld(): World {
  const [oldRoot, kept, newRoot] = [ed25519(), ed25519(), ecdsa('P-256')];
  const signers = {
    root: [kept, newRoot],
    timestamp: [ed25519()],
    snapshot: [ecdsa('P-256')],
    targets: [ed25519(), rsa()],
    vendor: [ecdsa('P-256')],
    other: [ed25519()],
    child: [ed25519()],
  };
  const first = rootPart(1, signers, [oldRoot, kept]);
  const text = JSON.stringify({ signatures: sign(first, [oldRoot, kept]), signed: first });
  const world = { signers, stranger: ed25519(), oldRoot, newRoot, firstRoot: new TextEncoder().encode(text) };
  const before = new Map(build(world, 2)); // what is still served later, as of every repository
  before.delete('metadata/2.root.json');
  return { ...world, before };
}
