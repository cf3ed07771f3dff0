/** Single files of metadata: shown, compared, verified and signed with no repository around. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metadataToBytes, parseMetadata, signedToBytes, type Root } from '@ragnos/tuf';
import { beforeAll, expect, test } from 'vitest';
import { containing, json, matching, world, write, type Said } from './ragv.ts';

const here = world();
const { ragv, folder } = here;
const vault = join(folder, 'v');
const at = (name: string): string => join(folder, name);

const ok = async (line: string): Promise<Said> => {
  const said = await ragv(line);
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit: 0 });
  return said;
};
const root = (name: string): Root => parseMetadata(readFileSync(at(name)), 'root').signed;
const unsigned = (name: string, signed: Root): string => {
  writeFileSync(at(name), metadataToBytes(signedToBytes(signed), []));
  return name;
};

beforeAll(async () => {
  write(at('password'), 'correct horse\n', 0o600);
  await ok('init v --vendor acme --password-file password');
  await ok('init other --vendor acme --password-file password');
  for (const name of ['1.root.json', '1.targets.json', '1.vendor.acme.json', 'timestamp.json'])
    cpSync(join(vault, 'public', 'metadata', name), at(name));
  const first = root('1.root.json');
  unsigned('2.root.json', { ...first, version: 2, expires: new Date(first.expires.getTime() + 86_400_000) });
}, 120_000);

test('show: what a file says, without believing it', async () => {
  const said = await ok('metadata show 1.root.json');
  expect(said.stdout).toMatch(
    /^root version 1 \(root, specification 1\.0\.34\)\nexpires: +\S+Z, in 36\d d\n/,
  );
  expect(said.stdout).toContain('look: one signature can replace this root');
  expect(said.stderr).toContain('nothing of this was verified');
  const targets = await ok('metadata show 1.targets.json');
  expect(targets.stdout).toContain('delegation vendor.acme: vendors/acme/*/*, terminating');
  expect(json((await ok('metadata show timestamp.json --json')).stdout)).toMatchObject({
    role: 'timestamp',
    signed: { version: 1, snapshot: { version: 1 } },
  });
});

test('diff: everything that differs, in words', async () => {
  expect((await ok('metadata diff 1.root.json 1.root.json')).stdout).toBe('what is signed is the same\n');
  const first = root('1.root.json');
  const roles = new Map(first.roles);
  const [id = ''] = first.roles.get('timestamp')?.keyIds ?? [];
  roles.delete('timestamp');
  roles.set('timestamp', { keyIds: [], threshold: 1, unrecognized: new Map() });
  unsigned('odd.root.json', { ...first, version: 5, roles, unrecognized: new Map([['x-note', null]]) });
  const said = await ok('metadata diff 1.root.json odd.root.json');
  expect(said.stdout).toContain('~ version: 1 → 5\n');
  expect(said.stdout).toContain(`- signer timestamp: ${id}\n`);
  expect(said.stdout).toContain('~ threshold timestamp: 1 of 1 → 1 of 0\n');
  expect(said.stdout).toContain('+ member x-note: null\n');
  expect(said.stdout).toContain('look: the version jumps from 1 to 5\n');
});

test.for([
  ['a role by its root', 'metadata verify timestamp.json --root 1.root.json', 0, /^timestamp version 1, in /],
  [
    'a delegated role by its delegator',
    'metadata verify 1.vendor.acme.json --delegator 1.targets.json',
    0,
    /1 good/,
  ],
  [
    'and the delegator by the root',
    'metadata verify 1.vendor.acme.json --delegator 1.targets.json --root 1.root.json',
    0,
    /needs 1/,
  ],
  ['a root by itself, with a warning', 'metadata verify 1.root.json', 0, /proves nothing/],
  [
    'by the root of another repository',
    'metadata verify timestamp.json --root other/1.root.json',
    3,
    /UNSIGNED/,
  ],
  ['a root that nobody signed yet', 'metadata verify 2.root.json --root 1.root.json', 3, /\[UNSIGNED\]/],
  ['nobody says whom to believe', 'metadata verify timestamp.json', 2, /give --root/],
  [
    'root says nothing of a vendor',
    'metadata verify 1.vendor.acme.json --root 1.root.json',
    2,
    /--delegator/,
  ],
  ['no metadata at all', 'metadata verify password --root 1.root.json', 3, /\[MALFORMED\]/],
  ['no file', 'metadata show nope.json', 5, /\[NO_SUCH_FILE\]/],
] as const)('verify: %s', async ([, line, exit, says]) => {
  const said = await ragv(line);
  expect(said).toMatchObject({ exit });
  expect(said.stdout + said.stderr).toMatch(says);
});

const sign =
  'metadata sign 2.root.json --key file2:v/keys/root.p8 --password-file password --root 1.root.json';

test('sign: shows, asks, adds one signature to the file', async () => {
  const before = readFileSync(at('2.root.json'));
  const asked = await ragv(`${sign} --against 1.root.json`);
  expect(asked).toMatchObject({ exit: 7, stdout: '' });
  expect(asked.stderr).toContain('~ version: 1 → 2\n');
  expect(asked.stderr).toContain('[CONFIRMATION_REQUIRED]');
  expect((await ragv(`${sign} --dry-run`)).exit).toBe(0);
  expect(readFileSync(at('2.root.json'))).toEqual(before);
  const said = await ok(`${sign} --yes --json`);
  expect(json(said.stdout)).toMatchObject({ role: 'root', version: 2, missing: false });
  expect((await ok('metadata verify 2.root.json --root 1.root.json')).stdout).toMatch(/^root version 2/);
  const once = readFileSync(at('2.root.json'));
  await ok(`${sign} --yes`); // the same content again is no second body
  expect(parseMetadata(readFileSync(at('2.root.json')), 'root').signedBytes).toEqual(
    parseMetadata(once, 'root').signedBytes,
  );
});

test('sign: a second content under a version that this key signed is refused, unless it is meant', async () => {
  const first = root('1.root.json');
  unsigned('second.root.json', { ...first, version: 2 });
  const line = sign.replace('2.root.json', 'second.root.json');
  const said = await ragv(`${line} --yes`);
  expect(said).toMatchObject({ exit: 10, stdout: '' });
  expect(said.stderr).toMatch(
    /signed root version 2 before, with other content \(sha256 [0-9a-f]{64}\) \[SECOND_BODY\]/,
  );
  expect(parseMetadata(readFileSync(at('second.root.json')), 'root').signatures).toEqual([]);
  await ok(`${line} --yes --again`);
});

test('sign: exit 8 while signatures are missing', async () => {
  const first = root('1.root.json');
  const other = root('other/1.root.json');
  const own = first.roles.get('root');
  const [added] = other.roles.get('root')?.keyIds ?? [];
  if (own === undefined || added === undefined) throw new Error('no root keys');
  const key = other.keys.get(added);
  if (key === undefined) throw new Error('no key');
  const roles = new Map(first.roles).set('root', { ...own, keyIds: [...own.keyIds, added], threshold: 2 });
  unsigned('two.root.json', { ...first, version: 2, roles, keys: new Map(first.keys).set(added, key) });
  const line = sign.replace('2.root.json', 'two.root.json');
  expect(await ragv(`${line} --yes --again`)).toMatchObject({
    exit: 8,
    stdout: matching(/by root 2 itself: 1 good, needs 2/),
  });
  expect(await ragv(`${line.replace('=v/', '=').replace('file2:v/', 'file2:other/')} --yes`)).toMatchObject({
    exit: 0,
  });
});

const unsafe: Readonly<Record<string, (first: Root) => Root>> = {
  'one that expired': (first) => ({ ...first, version: 2, expires: new Date('2020-01-01T00:00:00Z') }),
  'one that is valid for ever': (first) => ({
    ...first,
    version: 2,
    expires: new Date('2999-01-01T00:00:00Z'),
  }),
  'one whose threshold nobody can reach': (first) => ({
    ...first,
    version: 2,
    roles: new Map([...first.roles].map(([name, role]) => [name, { ...role, threshold: 2 }])),
  }),
  'one key for two roles': (first) => ({
    ...first,
    version: 2,
    roles: new Map([...first.roles].map(([name]) => [name, first.roles.get('root') ?? fail()])),
  }),
  'no consistent snapshots': (first) => ({ ...first, version: 2, consistentSnapshot: false }),
};
const fail = (): never => {
  throw new Error('no such role');
};
test.for(Object.entries(unsafe))('sign: never %s', async ([, change]) => {
  unsigned('unsafe.root.json', change(root('1.root.json')));
  const said = await ragv(`${sign.replace('2.root.json', 'unsafe.root.json')} --yes --again`);
  expect(said).toMatchObject({ exit: 10, stdout: '', stderr: containing('[EVENT_UNSAFE]') });
  expect(parseMetadata(readFileSync(at('unsafe.root.json')), 'root').signatures).toEqual([]);
});

test('sign: never what is no strict metadata', async () => {
  const text = readFileSync(at('2.root.json'), 'utf8');
  writeFileSync(at('twice.root.json'), text.replace('"signed":{', '"signed":{"version":1,'));
  const said = await ragv(`${sign.replace('2.root.json', 'twice.root.json')} --yes`);
  expect(said).toMatchObject({ exit: 3, stderr: containing('[MALFORMED]') });
});

test('sign: a key that would not count is told so', async () => {
  const said = await ragv(`${sign.replace('keys/root.p8', 'keys/targets.p8')} --yes`);
  expect(said).toMatchObject({ exit: 7, stderr: containing('[NOT_A_SIGNER]') });
});
