/** Several people make a repository in a bucket: keys here, root keys with them, everything that is published there. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetadata } from '@ragnos/tuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { s3StandIn, type S3StandIn } from '../../storage/test/stand-in/s3.ts';
import { json, world, write, type Said, type World } from './ragv.ts';

const names = ['ann', 'bob', 'cat'];
let s3: S3StandIn;
let here: World;
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

beforeAll(async () => {
  s3 = await s3StandIn();
  here = world({ ...s3.env, RAGV_KEY_PASSWORD_FILE: 'password' });
  write(at('password'), 'the secret of them all\n', 0o600);
  write(at('sticks', '.keep'), '');
  write(at('notes.txt'), 'one');
});
afterAll(() => s3.close());

// One story: each test goes on where the one before stopped.

test('a first root of two of three, in a bucket that it makes', long, async () => {
  const uri = s3.uri('vault');
  const planned = await exits(0, `${ceremony(uri)} --dry-run`);
  expect(planned.stdout).toContain('2 of 3 keys');
  expect([existsSync(at('v')), s3.buckets.has('vault')]).toEqual([false, false]);
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
  const uri = s3.uri('vault');
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
  'refused: a bucket with the repository of others, and another store for a vault that has one',
  long,
  async () => {
    const uri = s3.uri('vault');
    const second = ceremony(uri).replace('--vault v ', '--vault second ');
    expect((await exits(9, second)).stderr).toContain('[REPOSITORY_EXISTS]');
    expect((await exits(2, ceremony(s3.uri('other')))).stderr).toContain('is a vault, and has its store');
    expect(s3.buckets.has('other')).toBe(false);
  },
);
