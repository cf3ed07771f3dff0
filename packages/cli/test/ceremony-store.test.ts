/**
 * Several people make a repository in a store elsewhere: keys here, root keys with them, everything that is published there. The
 * same on buckets: stores/test/ragv.test.ts.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetadata } from '@ragnos/tuf';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { json, world, write, type Said } from './ragv.ts';

const names = ['ann', 'bob', 'cat'];
const here = world({ RAGV_KEY_PASSWORD_FILE: 'password' });
const at = (...parts: string[]): string => join(here.folder, ...parts);
const long = { timeout: 120_000 };
const table = names.map((name) => `${name}=file2:sticks/${name}.p8`).join(' ');
const ceremony = (uri: string): string =>
  `root ceremony --vault v --vendor acme --threshold 2 --store ${uri} --keys ${table} --yes`;

async function exits(exit: number, line: string): Promise<Said> {
  const said = await here.ragv(line);
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit });
  return said;
}

const store = (name: string): string => pathToFileURL(at('stores', name)).href;
write(at('password'), 'the secret of them all\n', 0o600);
write(at('sticks', '.keep'), '');
write(at('notes.txt'), 'one');
mkdirSync(at('stores', 'vault'), { recursive: true }); // a folder that is missing may be a disk that is not mounted

// One story: each test goes on where the one before stopped.

test('a first root of two of three, in a store elsewhere', long, async () => {
  const uri = store('vault');
  const planned = await exits(0, `${ceremony(uri)} --dry-run`);
  expect(planned.stdout).toContain('2 of 3 keys');
  expect([existsSync(at('v')), readdirSync(at('stores', 'vault'))]).toEqual([false, []]);
  const said = await exits(0, `${ceremony(uri)} --json`);
  expect(json(said.stdout)).toMatchObject({
    rootVersion: 1,
    transcript: at('v', 'ceremonies', 'root-1.json'),
  });
  expect(existsSync(at('v', 'public'))).toBe(false);
  expect(readFileSync(at('v', 'ragv.toml'), 'utf8')).toContain(`store = ${JSON.stringify(uri)}`);
  const { signed, signatures } = parseMetadata(readFileSync(at('v', '1.root.json')), 'root');
  expect([signed.roles.get('root')?.threshold, signatures.length]).toEqual([2, 3]);
  await exits(0, 'target add notes.txt --vault v');
  expect((await exits(0, 'target list --vault v')).stdout).toContain('notes.txt');
  expect((await exits(0, 'log show --vault v')).stdout).toContain('ceremony');
  await exits(0, 'root transcript v/ceremonies/root-1.json --vault v');
});

test('stopped before its end, the same command completes it, with the same keys', long, async () => {
  const uri = store('vault');
  const before = readFileSync(at('v', '1.root.json'));
  for (const name of ['1.root.json', 'root.json', 'ceremonies'])
    rmSync(at('v', name), { recursive: true, force: true });
  const said = await exits(0, ceremony(uri));
  expect(said.stderr).toContain('completing what was begun');
  expect(readFileSync(at('v', '1.root.json'))).toEqual(before);
  await exits(0, 'root transcript v/ceremonies/root-1.json --vault v');
  await exits(0, 'status --vault v');
});

test(
  'refused: a store with the repository of others, and another store for a vault that has one',
  long,
  async () => {
    const uri = store('vault');
    const second = ceremony(uri).replace('--vault v ', '--vault second ');
    expect((await exits(9, second)).stderr).toContain('[REPOSITORY_EXISTS]');
    expect((await exits(2, ceremony(store('other')))).stderr).toContain('is a vault, and has its store');
    expect(existsSync(at('stores', 'other'))).toBe(false);
  },
);
