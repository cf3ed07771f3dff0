import { keyToJson, newKey } from '@ragnos/tuf';
import { isObject, at, mutateTree, pathsOf, put, treeOf, type Path, type Tree } from './tree.ts';
import { levels, target, type Change, type Level } from './base.ts';
import { random as randomOf, type Random } from './random.ts';

const past = '2020-01-01T00:00:00Z';
const roles: readonly Level[] = ['targets', 'vendor', 'child'];

const set = (level: Level, name: string, path: Path, value: Tree | undefined): Change => ({
  name: `${level}: ${name}`,
  level,
  tree: (signed) => put(signed, path, typeof value === 'object' ? structuredClone(value) : value),
});
const text = (level: Level, name: string, change: (text: string) => string): Change => ({
  name: `${level}: ${name}`,
  level,
  text: change,
});

/** Text, which it is before anybody changes it. */
const hexOf = (tree: Tree | undefined): string => (typeof tree === 'string' ? tree : '');

/** The same in every file. */
function everywhere(): Change[] {
  return levels.flatMap((level): Change[] => [
    set(level, 'has expired', ['expires'], past),
    ...['2100-01-01T00:00:00.5Z', '2100-01-01T00:00:00+01:00', '2100-01-01T00:00:00', '2100-01-01', 'abc', '2100-02-30T00:00:00Z', '9999-12-31T23:59:59Z', '2100-01-01t00:00:00z', '2100-1-1T00:00:00Z'].map((date) => set(level, `expires ${date}`, ['expires'], date)),
    ...['1', '1.0', '1.0.99', '1.99.0', '2.0.0', '1.0.34.1', '1.0.x', '', '01.0.0'].map((version) => set(level, `spec_version ${version}`, ['spec_version'], version)),
    ...[0, -1, '3', null, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, true].map((version) => set(level, `version ${JSON.stringify(version)}`, ['version'], version)),
    ...['root', 'timestamp', 'snapshot', 'targets', 'Targets', 'mirrors', ''].map((type) => set(level, `is of type ${type}`, ['_type'], type)),
    set(level, 'an unknown member', ['x-ours'], { a: [1, 'é', '\u{1f600}'] }),
    set(level, 'a member named __proto__', ['__proto__'], { version: 9 }),
    set(level, 'names beyond ASCII out of the order of UTF-16', ['x'], { '\u{1f600}': 1, '\uff5e': 2 }),
    ...['_type', 'expires', 'spec_version', 'version'].map((name) => set(level, `no ${name}`, [name], undefined)),
    { name: `${level}: signed by a stranger`, level, signers: ({ stranger }) => [stranger] },
    { name: `${level}: signed by nobody`, level, signers: () => [] },
    { name: `${level}: signed by a stranger too`, level, signers: (world) => [world.stranger, ...(level === 'root' ? [world.oldRoot] : []), ...world.signers[level]] },
    { name: `${level}: signature in upper case`, level, signatures: (all) => all.map(({ keyid, sig }) => ({ keyid, sig: hexOf(sig).toUpperCase() })) },
    { name: `${level}: signature is empty`, level, signatures: (all) => all.map(({ keyid }) => ({ keyid, sig: '' })) },
    { name: `${level}: signature is no hex`, level, signatures: (all) => all.map(({ keyid }) => ({ keyid, sig: 'zz' })) },
    { name: `${level}: signature of half a byte more`, level, signatures: (all) => all.map(({ keyid, sig }) => ({ keyid, sig: `${hexOf(sig)}0` })) },
    { name: `${level}: signature with a space`, level, signatures: (all) => all.map(({ keyid, sig }) => ({ keyid, sig: ` ${hexOf(sig)}` })) },
    { name: `${level}: signature is a number`, level, signatures: (all) => all.map(({ keyid }) => ({ keyid, sig: 1 })) },
    { name: `${level}: each signature twice`, level, signatures: (all) => [...all, ...all] },
    { name: `${level}: the first signature alone`, level, signatures: (all) => all.slice(0, 1) },
    { name: `${level}: signatures under another id`, level, signatures: (all) => all.map(({ sig }, index) => ({ keyid: 'ab'.repeat(31) + String(10 + index), sig })) },
    { name: `${level}: an empty signature of an unknown key beside`, level, signatures: (all) => [{ keyid: 'cd'.repeat(32), sig: '' }, ...all] },
    { name: `${level}: 70 signatures of nobody before`, level, signatures: (all) => [...Array.from({ length: 70 }, (_, index) => ({ keyid: `${'00'.repeat(31)}${10 + index}`, sig: 'ab' })), ...all] },
    { name: `${level}: 70 signatures of nobody behind`, level, signatures: (all) => [...all, ...Array.from({ length: 70 }, (_, index) => ({ keyid: `${'00'.repeat(31)}${10 + index}`, sig: 'ab' }))] },
    text(level, 'cut in the middle', (whole) => whole.slice(0, whole.length / 2)),
    text(level, 'a byte order mark', (whole) => `\ufeff${whole}`),
    text(level, 'a line end behind', (whole) => `${whole}\n`),
    text(level, 'something behind', (whole) => `${whole}{}`),
    text(level, 'spread over lines', (whole) => JSON.stringify(JSON.parse(whole), null, 2)),
    text(level, 'an array around', (whole) => `[${whole}]`),
    text(level, 'nothing', () => ''),
    text(level, 'null', () => 'null'),
    text(level, 'nothing signed', () => '{"signatures":[]}'),
    text(level, 'no signatures', (whole) => whole.replace('"signatures":', '"signature":')),
    text(level, 'a member of the envelope that nobody knows', (whole) => whole.replace('{', '{"x":1,')),
    text(level, 'escaped letters', (whole) => whole.replace('"_type"', '"\\u005ftype"')),
    text(level, 'version as a fraction', (whole) => whole.replace(/"version":(\d+),"expires"/, '"version":$1.0,"expires"')),
    text(level, 'version with an exponent', (whole) => whole.replace(/"version":(\d+),"expires"/, '"version":$1e0,"expires"')),
    text(level, 'version twice, the same', (whole) => whole.replace(/"version":(\d+),"expires"/, '"version":$1,"version":$1,"expires"')),
    text(level, 'version twice, first another', (whole) => whole.replace(/"version":(\d+),"expires"/, '"version":9,"version":$1,"expires"')),
    text(level, 'signed twice', (whole) => whole.replace('"signed":', '"signed":{},"signed":')),
    text(level, 'a number beyond 2^53', (whole) => whole.replace('"_type"', '"x":9007199254740993,"_type"')),
    text(level, 'a lone surrogate', (whole) => whole.replace('"_type"', '"x":"\\ud800","_type"')),
    text(level, 'NaN', (whole) => whole.replace('"_type"', '"x":NaN,"_type"')),
    text(level, 'nested 100 levels deep', (whole) => whole.replace('"_type"', `"x":${'['.repeat(100)}${']'.repeat(100)},"_type"`)),
    { name: `${level}: not UTF-8`, level, served: (bytes) => Buffer.concat([bytes.subarray(0, 3), Buffer.from([0xff]), bytes.subarray(3)]) },
    { name: `${level}: other bytes than announced`, level, served: (bytes) => Buffer.concat([bytes, Buffer.from(' ')]) },
    { name: `${level}: as long as announced, other bytes`, level, served: (bytes) => Buffer.from(Buffer.from(bytes).toString().replace('"_type":"', '"_type": "').replace(/\}$/, '')) },
    { name: `${level}: shorter than announced`, level, served: (bytes) => bytes.subarray(0, -1) },
    { name: `${level}: not served`, level, served: () => null },
  ]); // prettier-ignore
}

function ofRoot(): Change[] {
  const role = (name: string, member: string): Path => ['roles', name, member];
  return [
    { name: 'root: not by the keys of the root before', level: 'root', signers: ({ signers }) => signers.root },
    { name: 'root: not by its own keys', level: 'root', signers: ({ oldRoot, signers }) => [oldRoot, ...signers.root.slice(0, 1)] },
    ...[1, 2, 3, 4].map((version) => set('root', `version ${version}`, ['version'], version)),
    ...['root', 'timestamp', 'snapshot', 'targets'].flatMap((name) => [
      ...[0, -1, 1, 3, 100, '1', 1.5, null, true].filter((threshold) => threshold !== 1.5).map((threshold) => set('root', `threshold of ${name} ${JSON.stringify(threshold)}`, role(name, 'threshold'), threshold)),
      set('root', `no keys for ${name}`, role(name, 'keyids'), []),
      set('root', `unknown keys for ${name}`, role(name, 'keyids'), ['ab'.repeat(32)]),
      { name: `root: a key id of ${name} twice`, level: 'root', tree: (signed) => { const ids = at(signed, role(name, 'keyids')); if (Array.isArray(ids)) ids.push(ids[0] ?? null); } } satisfies Change,
      set('root', `no ${name}`, ['roles', name], undefined),
    ]),
    set('root', 'another role', ['roles', 'mirrors'], { keyids: [], threshold: 1 }),
    set('root', 'no consistent snapshots', ['consistent_snapshot'], false),
    set('root', 'consistent_snapshot absent', ['consistent_snapshot'], undefined),
    set('root', 'consistent_snapshot as text', ['consistent_snapshot'], 'true'),
    set('root', 'no keys at all', ['keys'], {}),
    ...([['rsa', 'rsassa-pss-sha256', 'abc'], ['ecdsa', 'ecdsa-sha2-nistp256', ''], ['ed25519', 'ed25519', 'zz'], ['unknown', 'unknown', 'x'], ['ed25519', 'unknown', 'ab'.repeat(32)], ['ml-dsa', 'ml-dsa-65/1', 'x']] as const).map(([type, scheme, value]) => set('root', `an idle key ${type}/${scheme}/${value.slice(0, 3)}`, ['keys', newKey(type, scheme, value).keyId], treeOf(keyToJson(newKey(type, scheme, value))))),
    set('root', 'an idle key without a value', ['keys', 'ab'.repeat(32)], { keytype: 'ed25519', scheme: 'ed25519', keyval: {} }),
    set('root', 'an idle key of an unknown type without a value', ['keys', 'ab'.repeat(32)], { keytype: 'x', scheme: 'x', keyval: {} }),
    { name: 'root: keys with a member more', level: 'root', tree: (signed) => { const keys = at(signed, ['keys']); if (isObject(keys)) for (const key of Object.values(keys)) put(key, ['keyid_hash_algorithms'], ['sha256']); } },
    { name: 'root: a key under an id that is not its hash', level: 'root', tree: (signed) => { const ids = at(signed, role('timestamp', 'keyids')); const id = Array.isArray(ids) ? hexOf(ids[0]) : ''; const key = at(signed, ['keys', id]) ?? null; put(signed, ['keys', id], undefined); put(signed, ['keys', 'short'], key); put(signed, role('timestamp', 'keyids'), ['short']); } },
  ]; // prettier-ignore
}

function ofTimestampAndSnapshot(): Change[] {
  const announced: Path = ['meta', 'snapshot.json'];
  const hashed = (level: Level, path: Path): Change[] => [
    set(level, `no hashes of ${path[1]}`, [...path, 'hashes'], undefined),
    set(level, `no length of ${path[1]}`, [...path, 'length'], undefined),
    set(level, `empty hashes of ${path[1]}`, [...path, 'hashes'], {}),
    set(level, `md5 alone of ${path[1]}`, [...path, 'hashes'], { md5: 'ab'.repeat(16) }),
    set(level, `a hash nobody computes alone of ${path[1]}`, [...path, 'hashes'], { 'x-hash': 'ab'.repeat(32) }),
    set(level, `another hash of ${path[1]}`, [...path, 'hashes', 'sha256'], 'ab'.repeat(32)),
    set(level, `a hash in upper case of ${path[1]}`, [...path, 'hashes', 'sha256'], 'AB'.repeat(32)),
    set(level, `a short hash of ${path[1]}`, [...path, 'hashes', 'sha256'], 'ab'),
    set(level, `a hash nobody computes beside of ${path[1]}`, [...path, 'hashes', 'x-hash'], 'ab'.repeat(16)),
    ...[0, -1, 1, '5', 10_000_000].map((length) => set(level, `length ${JSON.stringify(length)} of ${path[1]}`, [...path, 'length'], length)),
    ...[0, -1, 1, 2, 4, '3', null].map((version) => set(level, `version ${JSON.stringify(version)} of ${path[1]}`, [...path, 'version'], version)),
    set(level, `nothing of ${path[1]}`, path, undefined),
  ]; // prettier-ignore
  return [
    ...[1, 2].flatMap((version) => ['timestamp', 'snapshot'].map((level) => set(level === 'timestamp' ? 'timestamp' : 'snapshot', `version ${version}`, ['version'], version))),
    set('timestamp', 'the snapshot of before', [...announced, 'version'], 1),
    set('timestamp', '20 kB', ['x'], 'x'.repeat(20_000)),
    set('timestamp', 'another file too', ['meta', 'targets.json'], { version: 1 }),
    set('snapshot', 'a name without its end', ['meta', 'targets'], { version: 1 }),
    set('snapshot', 'a role that nobody delegates to', ['meta', 'x.json'], { version: 1 }),
    set('snapshot', 'a name with a path', ['meta', '../x.json'], { version: 1 }),
    set('snapshot', 'root too', ['meta', 'root.json'], { version: 2 }),
    ...hashed('timestamp', announced),
    ...roles.flatMap((role) => hashed('snapshot', ['meta', `${role}.json`])),
  ]; // prettier-ignore
}

function ofTargets(): Change[] {
  const file: Path = ['targets', target];
  const good = { length: 1, hashes: { sha256: 'ab'.repeat(32) } };
  const first: Path = ['delegations', 'roles', 0];
  const listed = (name: string, value: Tree): Change =>
    set('targets', `lists ${JSON.stringify(name).slice(0, 30)}`, ['targets', name], value);
  const patterns = ['vendors/*', 'vendors/*/*', '*', '**', 'vendors/**', '*/*/*', 'vendors/?/*', 'vendors/[x]/*', 'vendors/{x,z}/*', '!vendors/x/*', '#vendors', 'vendors/x/y.txt', 'VENDORS/x/*', '/vendors/x/*', 'vendors//x/*', './vendors/x/*', 'vendors/x/', '', 'vendors/x/*.txt', 'vendors/x/y?txt', 'vendors/\\x/*', '+(v)endors/x/*', 'vendors/x/y.tx[!z]', 'vendors/*/../x/y.txt']; // prettier-ignore
  return [
    ...['../x', '/x', 'a//b', 'a/./b', '', 'a\\b', 'a\u0000b', 'C:/x', 'a/', 'é', 'e\u0301', '\u{1f600}', 'a b', '%2e%2e/x', 'con', 'x'.repeat(300), 'a/'.repeat(600) + 'a', '__proto__', 'constructor'].map((name) => listed(name, good)),
    set('targets', 'lists the target itself', file, good),
    ...[-1, '1', null, 1.0, 2 ** 40].map((length) => set('targets', `length ${JSON.stringify(length)}`, file, { ...good, length })),
    set('targets', 'no length', file, { hashes: good.hashes }),
    set('targets', 'no hashes', file, { length: 1 }),
    set('targets', 'empty hashes', file, { length: 1, hashes: {} }),
    set('targets', 'md5 alone', file, { length: 1, hashes: { md5: 'ab'.repeat(16) } }),
    set('targets', 'a hash nobody computes alone', file, { length: 1, hashes: { 'x-hash': 'ab'.repeat(32) } }),
    set('targets', 'a hash nobody computes alone for another', ['targets', 'other'], { length: 1, hashes: { 'x-hash': 'ab'.repeat(32) } }),
    set('targets', 'sha512', file, { length: 1, hashes: { sha512: 'ab'.repeat(64) } }),
    set('targets', 'a hash in upper case', file, { length: 1, hashes: { sha256: 'AB'.repeat(32) } }),
    set('targets', 'custom is text', file, { ...good, custom: 'x' }),
    set('targets', 'custom is null', file, { ...good, custom: null }),
    set('targets', 'targets is an array', ['targets'], []),
    set('targets', 'no targets', ['targets'], undefined),
    set('targets', 'delegations null', ['delegations'], null),
    set('targets', 'delegations empty', ['delegations'], {}),
    set('targets', 'no delegations', ['delegations'], undefined),
    ...patterns.map((pattern) => set('targets', `pattern ${JSON.stringify(pattern)}`, [...first, 'paths'], [pattern])),
    set('targets', 'no patterns', [...first, 'paths'], []),
    set('targets', 'neither patterns nor prefixes', [...first, 'paths'], undefined),
    set('targets', 'patterns and prefixes', [...first, 'path_hash_prefixes'], ['a']),
    ...[['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'], ['A', 'B', 'C', 'D', 'E', 'F', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], [''], ['zz'], []].map((prefixes): Change => ({ name: `targets: prefixes ${prefixes.join().slice(0, 8)}`, level: 'targets', tree: (signed) => { put(signed, [...first, 'paths'], undefined); put(signed, [...first, 'path_hash_prefixes'], prefixes); } })),
    set('targets', 'not terminating', [...first, 'terminating'], false),
    set('targets', 'terminating as text', [...first, 'terminating'], 'true'),
    set('targets', 'terminating absent', [...first, 'terminating'], undefined),
    ...[0, 2, -1, '1'].map((threshold) => set('targets', `threshold of vendor ${JSON.stringify(threshold)}`, [...first, 'threshold'], threshold)),
    ...['root', 'targets', 'Root', '../x', '', 'a/b', '1.root', 'con', 'é', '\u0000', 'x'.repeat(300)].map((name) => set('targets', `delegates to ${JSON.stringify(name).slice(0, 30)}`, [...first, 'name'], name)),
    set('targets', 'delegates twice to one name', ['delegations', 'roles', 1, 'name'], 'vendor'),
    { name: 'targets: the other comes first', level: 'targets', tree: (signed) => { const all = at(signed, ['delegations', 'roles']); if (Array.isArray(all)) all.reverse(); } },
    set('vendor', 'does not delegate', ['delegations'], undefined),
    set('vendor', 'delegates to itself', ['delegations', 'roles', 0, 'name'], 'vendor'),
    set('vendor', 'delegates to other', ['delegations', 'roles', 0, 'name'], 'other'),
    set('vendor', 'delegates to targets', ['delegations', 'roles', 0, 'name'], 'targets'),
    { name: 'vendor: signed by other', level: 'vendor', signers: ({ signers }) => signers.other },
    { name: 'child: signed by vendor', level: 'child', signers: ({ signers }) => signers.vendor },
    set('child', 'lists nothing', ['targets'], {}),
    set('snapshot', 'child is not listed', ['meta', 'child.json'], undefined),
    ...[[1, 'bin'], [4, 'bin'], [0, 'bin'], [33, 'bin'], ['1', 'bin'], [1, '../x'], [1, '']].map(([bits = 0, prefix = '']): Change => ({ name: `targets: succinct roles ${bits} ${prefix}`, level: 'targets', tree: (signed) => { const ids = at(signed, [...first, 'keyids']) ?? []; put(signed, ['delegations', 'roles'], undefined); put(signed, ['delegations', 'succinct_roles'], { keyids: structuredClone(ids), threshold: 1, bit_length: bits, name_prefix: prefix }); } })),
    set('targets', 'roles and succinct roles', ['delegations', 'succinct_roles'], { keyids: [], threshold: 1, bit_length: 1, name_prefix: 'bin' }),
    ...roles.flatMap((role) => [1, 2].map((version) => set(role, `version ${version}`, ['version'], version))),
  ]; // prettier-ignore
}

/** Every mutant with a name: each alone, in every run. */
export function namedMutants(): readonly Change[] {
  return [...everywhere(), ...ofRoot(), ...ofTimestampAndSnapshot(), ...ofTargets()];
}

/** One to three changes at random places; a role between two signatures, a text after its own. */
export function randomMutant(random: Random): readonly Change[] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const level = random.pick(levels);
    const told: string[] = [];
    const seed = random.below(2 ** 31);
    return random.below(5) > 0 ? treeChange(level, seed, told) : textChange(level, random);
  });
}

function treeChange(level: Level, seed: number, told: string[]): Change {
  return {
    get name() {
      return `${level}: ${told.at(-1) ?? 'nothing yet'}`;
    },
    level,
    tree: (signed) => {
      if (pathsOf(signed).length > 0) told.push(mutateTree(signed, randomOf(seed)));
    },
  };
}

function textChange(level: Level, random: Random): Change {
  const where = random.below(1_000_000);
  const [cut, put] = [
    random.below(3),
    random.pick(['', '"', '{', '}', ',', ':', '0', '\\', 'e', ' ', '\u0000', '[]']),
  ];
  const served = random.below(2) === 0;
  const change = (whole: string): string => {
    const at = where % Math.max(1, whole.length);
    return `${whole.slice(0, at)}${put}${whole.slice(at + cut)}`;
  };
  return served
    ? {
        name: `${level}: ${cut} bytes at ${where} become ${JSON.stringify(put)} when served`,
        level,
        served: (bytes) => Buffer.from(change(Buffer.from(bytes).toString())),
      }
    : { name: `${level}: ${cut} bytes at ${where} become ${JSON.stringify(put)}`, level, text: change };
}
