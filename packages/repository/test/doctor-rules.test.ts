/** Every rule of the doctor has a case in which it speaks, and none speaks of a repository in order. */
import { generateKeyPairSync } from 'node:crypto';
import { read, storageKey } from '@ragnos/storage';
import {
  doctorRules,
  noLedger,
  signEvent,
  type Finding,
  type KeyPlace,
  type RuleId,
} from '@ragnos/repository';
import {
  hexDigest,
  keyId,
  newKey,
  roleName,
  targetPath,
  type DelegatedRole,
  type Delegations,
  type Key,
  type KeyId,
  type MetaFile,
  type TargetFile,
} from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { budgets } from '../src/doctor/budgets.ts';
import { compat } from '../src/doctor/compat.ts';
import { clock } from '../src/doctor/clock.ts';
import { diskRules } from '../src/doctor/disk.ts';
import { expiry } from '../src/doctor/expiry.ts';
import { form, overlaps, targetForms } from '../src/doctor/form.ts';
import { keyHygiene } from '../src/doctor/keys.ts';
import type { CheckedHead, CheckOptions } from '../src/doctor/head.ts';
import { vaultRules } from '../src/doctor/vault.ts';
import {
  healthy,
  headOf,
  inStore,
  now,
  overHttp,
  overwrite,
  withRole,
  withRoot,
  type Alter,
} from './doctor-world.ts';
import { keysIn, tempFolder, testSigner, text, type World } from './world.ts';

const made = await healthy();
const base = await headOf(made);
const day = 86_400_000;
const later = (days: number): Date => new Date(now.getTime() + days * day);
const fired = new Set<RuleId>();

/** What one rule says, and how bad it is; `undefined`: nothing. */
function said(findings: Iterable<Finding>, rule: RuleId): string | undefined {
  const found = [...findings].find((one) => one.rule === rule);
  if (found === undefined) return undefined;
  expect(found.hint).not.toBe('');
  fired.add(rule);
  return `${found.severity}: ${found.message}`;
}

const pure = (head: CheckedHead, more: Partial<CheckOptions> = {}): readonly Finding[] => {
  const options = { now, ...more };
  return [
    ...budgets(head, options),
    ...expiry(head, options),
    ...keyHygiene(head),
    ...form(head),
    ...overlaps(head),
    ...targetForms(head),
    ...compat(head, options),
  ];
};

test('nothing is said of a repository in order, in the store as over HTTP', async () => {
  expect((await inStore(made)).findings.filter(({ rule }) => rule !== 'orphans')).toEqual([]);
  const served = await overHttp(made);
  expect(served.findings).toEqual([]);
  expect(served.horizon?.words).toBe('clients break in 23 h 58 min: timestamp expires');
  expect(served.firstRoot).toMatch(/^[0-9a-f]{64}$/);
  expect(served.versions.get('vendor.acme')).toBe(2);
  expect(served.samples).toEqual(['readme.txt', 'vendors/acme/hello/index.json']);
});

// The parts of heads that are wrong.

const sized = (file: 'root' | 'timestamp' | 'snapshot', length: number): CheckedHead => ({
  ...base,
  [file]: { ...base[file], bytes: { length } },
});
const target: TargetFile = {
  length: 1,
  hashes: new Map([['sha256', hexDigest('ab'.repeat(32))]]),
  custom: undefined,
  unrecognized: new Map(),
};
const targets = (paths: readonly string[], file = target): CheckedHead =>
  withRole(base, 'targets', { targets: new Map(paths.map((path) => [targetPath(path), file])) });
const meta = (entries: Iterable<readonly [string, MetaFile]>): CheckedHead => ({
  ...base,
  snapshot: {
    ...base.snapshot,
    signed: {
      ...base.snapshot.signed,
      meta: new Map([
        ...base.snapshot.signed.meta,
        ...[...entries].map(([name, file]) => [roleName(name), file] as const),
      ]),
    },
  },
});
const entry = (hashes: MetaFile['hashes']): MetaFile => ({
  version: 1,
  length: 1,
  hashes,
  unrecognized: new Map(),
});
const delegation = (
  name: string,
  paths: readonly string[],
  more: Partial<DelegatedRole> = {},
): DelegatedRole => ({
  name: roleName(name),
  keyIds: [],
  threshold: 1,
  paths,
  pathHashPrefixes: null,
  terminating: true,
  unrecognized: new Map(),
  ...more,
});
const delegating = (
  roles: readonly DelegatedRole[] | null,
  keys: readonly Key[] = [],
  succinctRoles: Delegations['succinctRoles'] = null,
): CheckedHead =>
  withRole(base, 'targets', {
    delegations: {
      keys: new Map(keys.map((key) => [key.keyId, key])),
      roles,
      succinctRoles,
      unrecognized: new Map(),
    },
  });
const rootRoles = (
  name: 'root' | 'timestamp',
  keyIds: readonly KeyId[],
  threshold: number,
  keys: Iterable<Key> = [],
): CheckedHead =>
  withRoot(base, {
    keys: new Map([...base.root.signed.keys, ...[...keys].map((key) => [key.keyId, key] as const)]),
    roles: new Map([...base.root.signed.roles, [name, { keyIds, threshold, unrecognized: new Map() }]]),
  });
const rootKeys = base.root.signed.roles.get('root')?.keyIds ?? [];
const timestampKeys = base.root.signed.roles.get('timestamp')?.keyIds ?? [];
const fresh = testSigner().key;
const { publicKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p384Key = newKey('ecdsa', 'ecdsa-sha2-nistp384', p384.export({ type: 'spki', format: 'pem' }));
const chain = Array.from({ length: 40 }, (_, i) => delegation(`r${i}`, ['deep/*'], { terminating: false }));

/** What each rule says of which head; a pattern that does not match is a failure. */
const pureCases: readonly (readonly [RuleId, CheckedHead, RegExp, Partial<CheckOptions>?])[] = [
  ['budget-root', sized('root', 420_000), /^warning: root has 420,000 bytes, 82 % of the 512,000/],
  ['budget-root', sized('root', 512_001), /^error: root has 512,001 bytes, and clients accept 512,000/],
  ['budget-timestamp', sized('timestamp', 16_385), /^error: timestamp.json has 16,385/],
  ['budget-snapshot', sized('snapshot', 1_700_000), /^warning: snapshot has 1,700,000 bytes, 85 %/],
  ['budget-snapshot', sized('snapshot', 2_000_001), /^error/],
  ['budget-snapshot-tough', sized('snapshot', 900_000), /^warning: .* 85 % of the 1,048,576/],
  ['budget-snapshot-tough', sized('snapshot', 1_100_000), /^error/, { compat: new Set(['tough']) }],
  [
    'budget-targets',
    { ...base, roles: base.roles.map((role) => ({ ...role, bytes: { length: 5_000_001 } })) },
    /^error: targets has 5,000,001/,
  ],
  [
    'budget-delegations',
    delegating(chain.slice(0, 28)),
    /^warning: a look-up of deep\/x has 29 roles to visit, 90 % of the 32/,
  ],
  ['budget-delegations', delegating(chain), /^error: a look-up of deep\/x has 41/],
  ['budget-roots', withRoot(base, { version: 210 }), /^warning: .* 209 roots to follow, 81 % of the 256/],
  ['budget-roots', withRoot(base, { version: 258 }), /^error/],
  [
    'budget-tuf-js-entries',
    targets(Array.from({ length: 801 }, (_, i) => `f${i}`)),
    /^warning: targets, for tuf-js, has 801 entries, 80 %/,
  ],
  [
    'budget-tuf-js-entries',
    targets(Array.from({ length: 1001 }, (_, i) => `f${i}`)),
    /^warning: .* and clients accept 1,000/,
  ],
  [
    'budget-tuf-js-roles',
    meta(Array.from({ length: 1030 }, (_, i) => [`r${i}`, entry(target.hashes)] as const)),
    /1,033 roles, and clients accept 1,024/,
  ],
  ['expired', base, /^error: timestamp expired, the first 1 d/, { now: later(2) }],
  ['expired', base, /^error: timestamp, snapshot, targets and 2 more expired/, { now: later(120) }],
  [
    'expiry-due',
    base,
    /^warning: timestamp should have been re-signed: clients break in 2 h/,
    { now: later(0.9) },
  ],
  [
    'expiry-order',
    { ...base, timestamp: { ...base.timestamp, signed: { ...base.timestamp.signed, expires: later(9) } } },
    /^warning: timestamp expires 2 d/,
  ],
  ['expiry-far', withRoot(base, { expires: new Date('2099-01-01') }), /^warning: root \(2099-01-01\)/],
  ['consistent-snapshot', withRoot(base, { consistentSnapshot: false }), /^error/],
  ['spec-version', withRoot(base, { specVersion: '1.0' }), /^warning: spec_version is "1.0"/],
  ['snapshot-hash', meta([['policy', entry(null)]]), /^warning: the snapshot gives no hash of policy/],
  [
    'role-unlisted',
    delegating([delegation('absent', ['a/*'])]),
    /^error: delegated to, and not in the snapshot: absent/,
  ],
  [
    'target-hash',
    targets(['a'], {
      ...target,
      hashes: new Map([['sha512', hexDigest('ab'.repeat(64))], ...target.hashes]),
    }),
    /^warning: .*: a; /,
  ],
  [
    'target-name',
    targets(['with space', 'ü', '100%']),
    /^warning: not every client asks for "with space", "ü", "100%"/,
  ],
  [
    'delegation-pattern',
    delegating([delegation('a', ['x/[ab]', 'y/**'])]),
    /^warning: a: "x\/\[ab\]", "y\/\*\*"/,
  ],
  [
    'delegation-overlap',
    delegating([delegation('a', ['x/a*']), delegation('b', ['?/*b'])]),
    /^warning: below targets the same paths belong to a and b/,
  ],
  [
    'delegation-open',
    delegating([delegation('a', ['x'], { terminating: false })]),
    /^warning: targets delegates to a without terminating/,
  ],
  [
    'key-two-roles',
    rootRoles('timestamp', rootKeys.slice(0, 1), 1),
    /^error: key \w+… serves root, timestamp/,
  ],
  [
    'key-two-roles',
    rootRoles('timestamp', base.root.signed.roles.get('snapshot')?.keyIds ?? [], 1),
    /^warning/,
  ],
  [
    'key-two-ids',
    rootRoles('timestamp', [fresh.keyId, keyId('again')], 1, [fresh, { ...fresh, keyId: keyId('again') }]),
    /^error: timestamp: one public key stands under/,
  ],
  [
    'key-id',
    rootRoles('timestamp', [keyId('invented')], 1, [{ ...fresh, keyId: keyId('invented') }]),
    /^warning: key id invented is not the hash/,
  ],
  [
    'key-old',
    rootRoles('timestamp', [p384Key.keyId], 1, [{ ...p384Key, keyType: 'ecdsa-sha2-nistp384' }]),
    /has the key type ecdsa-sha2-nistp384/,
  ],
  [
    'key-unusable',
    rootRoles('timestamp', [keyId('odd')], 1, [newKeyAs('odd')]),
    /^warning: key odd \(rot13, rot13\)/,
  ],
  ['key-unused', rootRoles('timestamp', [fresh.keyId], 1, [fresh]), /^info/],
  ['threshold-root', rootRoles('root', rootKeys, 1), /^warning: one signature/],
  ['threshold-spare', rootRoles('root', rootKeys, 3), /^warning: root needs all 3/],
  [
    'threshold-unreachable',
    rootRoles('timestamp', timestampKeys, 2),
    /^error: timestamp needs 2 signatures and has 1/,
  ],
  [
    'compat',
    delegating([delegation('a', [], { paths: null, pathHashPrefixes: ['00'] })]),
    /^info: go-tuf cannot read all of it: targets: split into bins of style prefixes/,
  ],
  [
    'compat',
    rootRoles('timestamp', [p384Key.keyId], 1, [p384Key]),
    /^error: tough cannot read all of it: root: key \w+ is of type ecdsa/,
    { compat: new Set(['tough']) },
  ],
];

function newKeyAs(id: string): Key {
  return { ...newKey('rot13', 'rot13', 'x'), keyId: keyId(id) };
}

describe('what the metadata says', () => {
  test.for(pureCases)('%s', ([rule, head, pattern, options]) => {
    expect(said(pure(base), rule)).toBeUndefined();
    expect(said(pure(head, options), rule)).toMatch(pattern);
  });
});

const readme = (world: World): Promise<string> => keyLike(world, /readme\.txt$/);

async function keyLike({ storage }: World, pattern: RegExp): Promise<string> {
  for await (const { key } of storage.list('')) if (pattern.test(key)) return key;
  throw new Error(`no ${String(pattern)}`);
}

/** What is done to a store before it is looked at. */
const storeCases: Readonly<Partial<Record<RuleId, readonly [(world: World) => Promise<void>, RegExp]>>> = {
  'metadata-missing': [
    async (world) => world.storage.delete(storageKey(await keyLike(world, /2\.vendor/))),
    /^error: metadata\/2\.vendor\.acme\.json is not there/,
  ],
  'metadata-refused': [
    async (world) => overwrite(world.storage, await keyLike(world, /2\.vendor/), text('{}')),
    /^error: metadata\/2\.vendor\.acme\.json is refused: .*\[LENGTH_OR_HASH_MISMATCH\]/,
  ],
  'root-gap': [
    async ({ storage, root }) => overwrite(storage, 'metadata/3.root.json', root),
    /^error: there is a root 3, and not every root before it/,
  ],
  'target-missing': [
    async (world) => world.storage.delete(storageKey(await readme(world))),
    /^error: 1 of 2 that were looked for are not there: readme\.txt/,
  ],
  'target-length': [
    async (world) => overwrite(world.storage, await readme(world), text('short')),
    /^error: .* another length than is signed: readme\.txt \(5 instead of 23 bytes\)/,
  ],
  orphans: [
    async ({ storage }) => overwrite(storage, `targets/${'ab'.repeat(32)}.left`, text('left over')),
    /^info: \d+ files \(0\.0 MB\)/,
  ],
  'foreign-file': [
    async ({ storage }) => overwrite(storage, 'targets/notes.txt', text('notes')),
    /^warning: 1 files in memory: belong to no repository: targets\/notes\.txt/,
  ],
  'private-key-served': [
    async ({ storage }) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      await overwrite(storage, 'keys/root.p8', text(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    },
    /^error: keys\/root\.p8 in memory:: a private key/,
  ],
};

describe('what is in the store', () => {
  test.for(Object.entries(storeCases))('%s', async ([rule, [spoil, pattern]]) => {
    const world = await healthy();
    expect(world.storage).toBeDefined();
    await spoil(world);
    expect(said((await inStore(world)).findings, ruleId(rule))).toMatch(pattern);
  });

  test('a first root that is not the expected one is refused, and nothing below it is looked at', async () => {
    const { findings, horizon } = await inStore(made, { firstRoot: 'ab'.repeat(32) });
    expect(said(findings, 'metadata-refused')).toContain('[ROOT_PIN_MISMATCH]');
    expect(horizon).toBeNull();
  });

  test('compat-alias: only where tough is served', async () => {
    expect(said((await inStore(made)).findings, 'compat-alias')).toBeUndefined();
    expect(said((await inStore(made, { compat: new Set(['tough']) })).findings, 'compat-alias')).toBe(
      'error: 1 targets do not lie where tough looks for them: vendors/acme/hello/index.json',
    );
  });

  test('an empty store', async () => {
    const world = await healthy();
    await world.storage.delete(storageKey('metadata/1.root.json'));
    expect(said((await inStore(world)).findings, 'metadata-missing')).toContain('1.root.json is not there');
  });

  test('sampled: above a bound some are looked at, with --full all', async () => {
    const world = await healthy();
    const repository = await world.open();
    await repository.publish(async (draft) => {
      for (let i = 0; i < 600; i++) await draft.add(`many/${i}`, text(`${i}`));
    });
    await world.storage.delete(storageKey(await keyLike(world, /\.599$/)));
    expect(said((await inStore(world)).findings, 'sampled')).toBe('info: 512 of 602 targets were looked for');
    const full = await inStore(world, { full: true });
    expect(full.findings.some(({ rule }) => rule === 'sampled')).toBe(false);
    expect(said(full.findings, 'target-missing')).toMatch(/^error: 1 of 602 .*: many\/599/);
  });
});

const place = (role: string, more: Partial<KeyPlace> = {}): KeyPlace => {
  const id = made.keys.of(role)[0]?.key.keyId ?? '';
  return {
    keyId: id,
    role,
    uri: `file2:keys/${role}.p8`,
    file: { path: `keys/${role}.p8`, mode: 0o100600, belowServed: false },
    atHand: true,
    ...more,
  };
};
const places = [...base.root.signed.roles.keys(), 'policy', 'vendor.acme'].flatMap((role) =>
  made.keys.of(role).map(({ key }) => place(role, { keyId: key.keyId })),
);

describe('the log, the memory, the clock and the disk', () => {
  test.for([
    ['log-missing', null, /^error: LOG_MISSING: log\/head\/\S+ is not in memory:/],
    ['log-altered', text('x'), /^error: LOG_ALTERED: /],
  ] as const)('%s', async ([rule, damage, pattern]) => {
    const world = await healthy();
    const repository = await world.open({
      audit: { actor: { type: 'user', name: 'a' }, host: 'b', tool: 'c' },
    });
    await repository.publish((draft) => draft.add('more', text('more')));
    expect(said((await inStore(world)).findings, rule)).toBeUndefined();
    const key = await keyLike(world, /^log\/head\//);
    if (damage === null) await world.storage.delete(storageKey(key));
    else await overwrite(world.storage, key, damage);
    expect(said((await inStore(world)).findings, rule)).toMatch(pattern);
  });

  test('log-restarted', async () => {
    const world = await healthy();
    const audit = { actor: { type: 'user', name: 'a' }, host: 'b', tool: 'c' } as const;
    const repository = await world.open({ audit });
    await repository.publish((draft) => draft.add('more', text('more')));
    for (const key of await keysIn(world.storage, 'log/')) await world.storage.delete(storageKey(key));
    const deadline = new Date(world.now.getTime() + 1000);
    const event = await repository.proposeLogRestart({ reason: 'the disk died', deadline });
    if (event === null) throw new Error('approved already');
    const seen = await repository.reviewEvent(event);
    const settings = { ledger: noLedger, now: world.now };
    const signed = await signEvent(event, seen, world.keys.of('root'), settings);
    await repository.applyEvent(signed.event);
    expect(said((await inStore(world)).findings, 'log-restarted')).toMatch(
      /^warning: the audit log was restarted at \S+: 1 entry before it is lost; a@b: the disk died$/,
    );
  });

  test('store-went-back', async () => {
    const world = await healthy();
    const staging = await tempFolder();
    const at = storageKey('metadata/timestamp.json');
    const old = (await read(world.storage, at, { maxLength: 100_000 }))?.bytes ?? text('');
    const repository = await world.open({ staging });
    await repository.publish((draft) => draft.add('more', text('more')));
    await repository.close();
    expect(said((await inStore(world, { staging })).findings, 'store-went-back')).toBeUndefined();
    await overwrite(world.storage, at, old);
    expect(said((await inStore(world, { staging })).findings, 'store-went-back')).toMatch(
      /^error: .*timestamp is at version 2, and was at 3/,
    );
  });

  test('clock-behind and clock-ahead', () => {
    expect([...clock(base, { now })]).toEqual([]);
    expect(said([...clock(base, { now: later(-3) })], 'clock-behind')).toMatch(
      /^error: the clock here is 2 d 23 h/,
    );
    expect(said([...clock(base, { now: later(400) })], 'clock-ahead')).toMatch(
      /^warning: nothing was signed here for 400 d/,
    );
  });

  test('disk', () => {
    const free = 1e9;
    expect([...diskRules([{ path: 'public', writable: 'yes', free }])]).toEqual([]);
    const spoken = (writable: 'yes' | 'no' | 'readOnly', left: number | null): string | undefined =>
      said([...diskRules([{ path: 'public', writable, free: left }])], 'disk');
    expect(spoken('readOnly', free)).toBe('error: public is on a disk that is mounted read-only');
    expect(spoken('no', null)).toBe('warning: public cannot be written by this user');
    expect(spoken('yes', 1e8)).toBe('warning: 100 MB are left on the disk of public');
    expect(spoken('yes', 0)).toBe('error: 0 MB are left on the disk of public');
  });
});

describe('the operator’s keys', () => {
  test('nothing is said of keys in order', () => {
    expect(vaultRules(places, base, false)).toEqual([]);
  });

  test.for([
    [
      'private-key-mode',
      [place('timestamp', { file: { path: 'keys/t.p8', mode: 0o100644, belowServed: false } })],
      /^error: keys\/t\.p8 has mode 0644/,
    ],
    [
      'private-key-served',
      [place('timestamp', { file: { path: 'public/t.p8', mode: 0o100600, belowServed: true } })],
      /^error: public\/t\.p8 lies below/,
    ],
    [
      'config-key-unused',
      [...places, place('timestamp', { keyId: 'ab'.repeat(32) })],
      /^info: .*abababababab… \(timestamp\)/,
    ],
    [
      'role-without-key',
      places.filter(({ role }) => role !== 'root'),
      /^info: signed elsewhere, since too few of their keys are here: root/,
    ],
    [
      'role-without-key',
      places.map((one) => (one.role === 'snapshot' ? { ...one, atHand: false } : one)),
      /^warning: snapshot needs 1/,
    ],
  ] as const)('%s', ([rule, given, pattern]) => {
    expect(said(vaultRules(given, base, false), rule)).toMatch(pattern);
  });
});

/** Servers that are wrong in one way. */
const page = Buffer.from('<!doctype html><title>not found</title>');
const isTimestamp = (path: string): boolean => path.endsWith('timestamp.json');
const isNextRoot = (path: string): boolean => path.endsWith('/2.root.json');
const without = (path: string, headers: Record<string, string>, name: string): void => {
  if (path !== '') delete headers[name];
};
const servedCases: readonly (readonly [RuleId, Alter, RegExp])[] = [
  [
    'served-root-status',
    (path, _, answer) => void (isNextRoot(path) && (answer.status = 403)),
    /^error: a root that is not there \(metadata\/2\.root\.json\) is answered with status 403/,
  ],
  [
    'served-root-status',
    (path, _, answer) => void (isNextRoot(path) && Object.assign(answer, { status: 200, body: page })),
    /with a page and status 200/,
  ],
  [
    'served-root-status',
    (path, _, answer) =>
      void (isNextRoot(path) && Object.assign(answer, { status: 302, headers: { location: '/' } })),
    /with status 302/,
  ],
  [
    'served-404-cached',
    (path, _, { headers }) => void (isNextRoot(path) && (headers['cache-control'] = 'public, max-age=600')),
    /^warning: .*max-age=600\): a new root would not be seen for 600 s/,
  ],
  [
    'served-404-cached',
    (path, _, { headers }) => isNextRoot(path) && without(path, headers, 'cache-control'),
    /\(no cache-control\)/,
  ],
  [
    'served-timestamp-cached',
    (path, _, { headers }) => isTimestamp(path) && without(path, headers, 'cache-control'),
    /^warning: timestamp\.json may be cached \(no cache-control\)/,
  ],
  [
    'served-not-cached',
    (path, _, { headers }) =>
      void (path.endsWith('.snapshot.json') && (headers['cache-control'] = 'no-cache')),
    /^info: metadata\/2\.snapshot\.json never changes/,
  ],
  [
    'served-range',
    (path, asked, answer) =>
      void (
        asked.range !== undefined &&
        asked['if-range'] === undefined &&
        Object.assign(answer, { body: Buffer.from('other bytes') })
      ),
    /^error: bytes 10 to 29 of .* are answered with others/,
  ],
  [
    'served-range',
    (path, asked, answer) => void (asked.range !== undefined && Object.assign(answer, { status: 200 })),
    /^info: ranges are ignored/,
  ],
  [
    'served-range',
    (path, asked, answer) => void (asked.range !== undefined && Object.assign(answer, { status: 416 })),
    /^warning: .*status 416/,
  ],
  [
    'served-splice',
    (path, asked, answer) => void (asked['if-range'] !== undefined && Object.assign(answer, { status: 206 })),
    /^error: a range of a file that has changed/,
  ],
  [
    'served-encoding',
    (path, _, { headers }) => void (isTimestamp(path) && (headers['content-encoding'] = 'gzip')),
    /^error: timestamp\.json comes with Content-Encoding: gzip/,
  ],
  [
    'served-encoding',
    (path, asked, { headers }) =>
      void (
        isTimestamp(path) &&
        /gzip/.test(String(asked['accept-encoding'])) &&
        (headers['content-encoding'] = 'br')
      ),
    /^warning: timestamp\.json is compressed \(br\)/,
  ],
  [
    'served-redirect',
    (path, _, answer) =>
      void (
        path === 'metadata/2.snapshot.json' &&
        Object.assign(answer, { status: 302, headers: { location: '/metadata/2.snapshot.json?a' } })
      ),
    /^warning: \/metadata\/2\.snapshot\.json is redirected \(302\)/,
  ],
  [
    'served-redirect',
    (path, _, answer) =>
      void (
        path === 'metadata/timestamp.json' &&
        Object.assign(answer, { status: 301, headers: { location: 'https://elsewhere.example/' } })
      ),
    /^error: .* to https:\/\/elsewhere\.example/,
  ],
  [
    'served-base-url',
    (path, _, answer) => void (path.startsWith('metadata/') && Object.assign(answer, { status: 404 })),
    /^error: there is no metadata\/1\.root\.json below http:/,
  ],
  [
    'served-listing',
    (path, _, answer) => void (path === 'metadata/' && Object.assign(answer, { status: 200, body: page })),
    /^warning: metadata\/ can be listed/,
  ],
  [
    'served-cors',
    (path, asked, { headers }) =>
      void (asked.origin !== undefined && (headers['access-control-allow-origin'] = '*')),
    /^info: browsers of every site/,
  ],
  [
    'served-clock',
    (path, _, { headers }) => void (headers['date'] = later(1).toUTCString()),
    /^warning: the clock of the server is 23 h 59 min ahead|^warning: the clock of the server is 1 d ahead/,
  ],
  [
    'served-unreachable',
    () => {
      throw new Error('cut');
    },
    /^error: http:\S+ does not answer/,
  ],
];

describe('what is served', () => {
  test.for(servedCases)('%s', async ([rule, alter, pattern]) => {
    expect(said((await overHttp(made, alter)).findings, rule)).toMatch(pattern);
  });

  test('served-http: without TLS off loopback', async () => {
    const { servedRules } = await import('../src/doctor/served.ts');
    const answer = { status: 404, headers: new Map([['cache-control', 'no-store']]), body: Buffer.from('') };
    const observer = { base: new URL('http://plugins.example/'), ask: () => Promise.resolve(answer) };
    expect(said(await servedRules(observer, null, () => now), 'served-http')).toMatch(
      /^warning: .*without TLS/,
    );
  });
});

function ruleId(name: string): RuleId {
  const found = Object.keys(doctorRules).find((id): id is RuleId => id === name);
  if (found === undefined) throw new Error(`no rule ${name}`);
  return found;
}

// The rules of clients, confinement and installed plugins need those: they are tried where `ragv doctor` is. Last, since it counts what was heard.
test('every rule has a case in which it speaks', () => {
  const silent = Object.keys(doctorRules).filter(
    (rule) => !/^(?:client|sandbox|plugin)-/.test(rule) && !fired.has(ruleId(rule)),
  );
  expect(silent).toEqual([]);
});
