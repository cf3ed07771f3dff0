/** `ragv delete`, `ragv gc` and legal holds, on a vault that a host installs from. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createRepositoryServer } from '@ragnos/server';
import { fsStorage } from '@ragnos/storage';
import { parseJson, Reader } from '@ragnos/tuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { containing, helloPlugin, json, matching, world, write, type Said } from './ragv.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery staple' });
const { ragv, folder } = here;
const vault = join(folder, 'v');
const hello = 'vendors/acme/hello';
let server: Awaited<ReturnType<typeof createRepositoryServer>>;

const stored = (path: string): readonly string[] => {
  const below = join(vault, 'public', 'targets', path);
  return existsSync(below) ? readdirSync(below).map((name) => name.slice(65)) : [];
};
const ok = async (line: string): Promise<Said> => {
  const said = await ragv(line);
  expect(said).toMatchObject({ exit: 0 });
  return said;
};
/** The keys that `gc --json` lists as garbage. */
const garbage = (stdout: string): readonly string[] =>
  Reader.of(parseJson(Buffer.from(stdout), 'gc'), 'gc')
    .array('garbage')
    .map((file) => Reader.of(file, 'file').string('key'));

beforeAll(async () => {
  for (const version of ['1.0.0', '1.1.0']) helloPlugin(join(folder, `hello-${version}`), version);
  write(join(folder, 'notes.txt'), 'notes');
  await ragv('init v --vendor acme');
  await ragv('publish hello-1.0.0 --vault v');
  await ragv('publish hello-1.1.0 --vault v');
  await ragv('target add notes.txt --vault v');
  server = await createRepositoryServer({ storage: fsStorage({ root: join(vault, 'public') }) });
  const fingerprint = await ragv('status --vault v --json');
  const root = /"firstRootFingerprint": "(\w+)"/.exec(fingerprint.stdout)?.[1] ?? '';
  await ragv(`trust init ${server.url} --fingerprint ${root} --single-signer`);
}, 180_000);

afterAll(async () => {
  await server.close({ deadline: 50 });
});

// The tests of this file are one story: each goes on where the one before stopped.

test('a host has the version that will be deleted', { timeout: 60_000 }, async () => {
  await ok('install acme/hello@1.0.0');
  expect((await ok('run acme/hello')).stdout).toContain('hello 1.0.0');
});

test('delete asks for the name, and says in a dry run what it would do', { timeout: 60_000 }, async () => {
  expect(await ragv('delete acme/hello@1.0.0 --vault v')).toMatchObject({
    exit: 7,
    stderr: containing('[CONFIRMATION_REQUIRED]'),
  });
  expect(json((await ok('delete acme/hello@1.0.0 --vault v --dry-run --json')).stdout)).toEqual({
    dryRun: true,
    deleted: [`${hello}/hello-1.0.0.manifest.json`, `${hello}/hello-1.0.0.tgz`],
  });
});

test(
  'a deleted version is not installed any more; who has it keeps it; its content still lies there',
  { timeout: 60_000 },
  async () => {
    const said = await ok('delete acme/hello@1.0.0 --vault v --yes --reason "case 7"');
    expect(said.stdout).toContain(`deleted ${hello}/hello-1.0.0.tgz`);
    expect(said.stderr).toContain('hosts that have it keep it');
    expect((await ok('run acme/hello')).stdout).toContain('hello 1.0.0');
    const again = await ragv('install acme/hello@1.0.0', { env: { RAGV_HOME: join(folder, 'other') } });
    expect(again.exit).not.toBe(0);
    expect((await ok('install acme/hello@^1')).stdout).toContain('1.1.0');
    expect(stored(hello)).toContain('hello-1.0.0.tgz');
    expect(await ragv('delete acme/hello@1.0.0 --vault v --yes')).toMatchObject({ exit: 5 });
  },
);

test('what hosts refuse to lose is not deleted', async () => {
  expect(await ragv(`delete ${hello}/index.json --vault v --yes`)).toMatchObject({ exit: 2 });
  expect(await ragv('delete catalog/acme.json --vault v --yes')).toMatchObject({ exit: 2 });
  expect(await ragv('delete absent.txt --vault v --yes')).toMatchObject({ exit: 5 });
  expect(await ragv('delete acme/hello@9.0.0 --vault v --yes')).toMatchObject({ exit: 5 });
});

test('a target is deleted by its path', async () => {
  await ok('delete notes.txt --vault v --yes');
  expect((await ok('target list --vault v')).stdout).not.toContain('notes.txt');
});

test('gc says that nobody can tell yet, and remembers', async () => {
  const said = await ok('gc --vault v');
  expect(said.stdout).toContain('nothing can be deleted yet');
  expect(said.stdout).toMatch(/run it again from 20\d\d-\S+Z on/);
  expect(existsSync(join(vault, 'staging', 'gc.json'))).toBe(true);
});

test('gc without --apply, and with --dry-run, deletes nothing', { timeout: 60_000 }, async () => {
  const before = stored(hello);
  for (const line of ['gc --vault v --keep 0 --grace 0', 'gc --vault v --keep 0 --grace 0 --apply --dry-run'])
    expect((await ok(line)).stdout).toContain('next: ragv gc --apply');
  expect(stored(hello)).toEqual(before);
});

test(
  'a hold keeps every content of a path, on every machine that has the store; no host is served it',
  { timeout: 60_000 },
  async () => {
    expect(await ragv(`gc hold add ${hello}/* --vault v`)).toMatchObject({ exit: 2 }); // why?
    await ok(`gc hold add ${hello}/* --vault v --reason "case 7"`);
    expect(statSync(join(vault, 'holds.json')).mode & 0o777).toBe(0o600);
    expect((await fetch(new URL('private/holds.json', server.url))).status).toBe(404);
    const elsewhere = join(folder, 'elsewhere');
    cpSync(vault, elsewhere, { recursive: true });
    rmSync(join(elsewhere, 'holds.json'));
    rmSync(join(elsewhere, 'public'), { recursive: true });
    symlinkSync(join(vault, 'public'), join(elsewhere, 'public'));
    expect((await ok('gc hold list --vault elsewhere')).stdout).toContain('case 7');
    rmSync(elsewhere, { recursive: true });
    expect((await ok('gc hold list --vault v')).stdout).toMatch(
      /path +vendors\/acme\/hello\/\* +\S+ +case 7/,
    );
    const said = await ok('gc --vault v --keep 0 --grace 0 --json');
    expect(garbage(said.stdout).filter((key) => key.includes(hello))).toEqual([]);
    expect(json(said.stdout)).toMatchObject({ applied: false, held: { files: 4 } });
    await ok(`gc hold remove ${hello}/* --vault v`);
    expect(await ragv('gc hold remove nothing --vault v')).toMatchObject({ exit: 5 });
    await ok('gc hold add vendor.acme --vault v --reason "case 8" --dry-run');
    expect((await ok('gc hold list --vault v')).stdout).toBe('there are no holds\n');
  },
);

test('damaged or vanished holds: nothing is deleted', { timeout: 60_000 }, async () => {
  await ok('gc hold add vendors/* --vault v --reason "case 9"');
  const gc = 'gc --vault v --keep 0 --grace 0 --apply';
  for (const file of [join(vault, 'holds.json'), join(vault, 'public', 'private', 'holds.json')]) {
    const kept = readFileSync(file, 'utf8');
    write(file, '{');
    expect(await ragv(gc)).toMatchObject({ exit: 3 });
    write(file, kept, 0o600);
  }
  rmSync(join(vault, 'public', 'private'), { recursive: true });
  expect(await ragv(gc)).toMatchObject({ exit: 3, stderr: containing('[STORE_WENT_BACK]') });
  await ok('gc hold add notes.txt --vault v --reason "case 10"'); // and the one before is back
  expect((await ok('gc hold list --vault v')).stdout).toMatch(/case 9[^]*case 10/);
  for (const name of ['vendors/*', 'notes.txt']) await ok(`gc hold remove ${name} --vault v`);
  expect(stored(hello)).toContain('hello-1.0.0.tgz');
});

test('gc --apply deletes what nobody needs, and clients go on', { timeout: 120_000 }, async () => {
  const said = await ok('gc --vault v --keep 0 --grace 0 --apply --list');
  expect(said.stdout).toMatch(/deleted \d+ files \(\d+ kB\) that nobody needs any more/);
  const deleted = Number(/deleted (\d+) files/.exec(said.stdout)?.[1]);
  const log = (await ok('log show --vault v --json')).stdout;
  expect(log).toMatch(
    new RegExp(`"subject": "deletes ${deleted} files, \\d+ bytes; sha256 of the list [0-9a-f]{64}"`),
  );
  expect(log).toContain('holds path vendors/* no more');
  expect((await ok('log verify --vault v')).stdout).toContain('the log is whole');
  expect(said.stderr).toContain('warning: a publish that has been under way');
  expect(said.stdout).toMatch(/targets\/vendors\/acme\/hello\/\w{64}\.hello-1\.0\.0\.tgz/);
  expect(stored(hello).toSorted()).toEqual(['hello-1.1.0.manifest.json', 'hello-1.1.0.tgz', 'index.json']);
  expect(existsSync(join(vault, 'public', 'metadata', '1.root.json'))).toBe(true);
  // What it deletes it logs: of this nobody needs the heads of the log before any more.
  const again = (await ok('gc --vault v --keep 0 --grace 0 --list --json')).stdout;
  const { garbage } = JSON.parse(again) as { garbage: { key: string }[] };
  expect(garbage.map(({ key }) => key.split('/').slice(0, 2).join('/'))).toEqual(['log/head', 'log/head']);
  const other = { env: { RAGV_HOME: join(folder, 'third') } };
  const trust = await ragv(`trust init ${server.url} --root v/1.root.json --single-signer`, other);
  expect(trust).toMatchObject({ exit: 0 });
  expect(await ragv('install acme/hello', other)).toMatchObject({ exit: 0, stdout: containing('1.1.0') });
  const doctor = await ragv('doctor --vault v --no-peers --no-sandbox');
  expect(doctor).toMatchObject({ exit: 0, stdout: matching(/0 errors/) });
});

test.for([
  ['gc everything --vault v', 'unknown'],
  ['gc hold --vault v', 'what is to be done'],
  ['gc hold add a b --vault v --reason x', 'what is to be done'],
  ['gc --keep soon --vault v', 'is no number of hours'],
  ['gc --grace -1 --vault v', 'is no number of hours'],
] as const)('%s is refused', async ([line, why]) => {
  expect(await ragv(line)).toMatchObject({ exit: 2, stderr: containing(why) });
});
