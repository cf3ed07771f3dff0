/** Every file of a real package in turn, changed in the least: it is never loaded so, and can be put right. */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pack, vendorName } from '@ragnos/plugin';
import { beforeAll, describe, expect, test } from 'vitest';
import { sandboxed } from '../confine/support.ts';
import { agreed, codeOf, tempFolder, treeOf, World } from '../host/world.ts';
import { vaultOf } from './plugins.ts';

/** ISC-licensed, in CommonJS, without dependencies: what is installed here anyway is packed as its author would. */
const source = dirname(createRequire(import.meta.url).resolve('semver/package.json'));

let world: World;
let folder: string;
let files: readonly string[];

beforeAll(async () => {
  world = await World.create();
  const packed = await pack(source, { vendor: vendorName('acme'), output: tempFolder() });
  world.publishBuilt({ ...packed, archive: await readFile(packed.artifactFile) });
  const host = await world.host();
  await host.install('acme/semver', agreed);
  folder = (await host.list())[0]?.folder ?? '';
  files = packed.manifest.files.map(({ path }) => path);
  for (const [name, kind] of treeOf(folder)) if (kind === 'folder') chmodSync(join(folder, name), 0o755);
  chmodSync(folder, 0o755);
});

/** So that nothing but its bytes tells: size, mode and times stay. */
function flipOneBit(path: string): void {
  const bytes = readFileSync(path);
  const { atime, mtime, mode } = lstatSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, mode & 0o777);
  utimesSync(path, atime, mtime);
}

function append(path: string): void {
  const { mode } = lstatSync(path);
  chmodSync(path, 0o644);
  appendFileSync(path, '\n');
  chmodSync(path, mode & 0o777);
}

/** A link to the very same bytes: what is behind it may change at any time. */
function swapByLink(path: string): void {
  const copy = join(tempFolder(), 'copy');
  copyFileSync(path, copy);
  rmSync(path);
  symlinkSync(copy, path);
}

const ways = [
  ['one bit of it another', 'process', flipOneBit],
  ['one bit of it another', 'sandbox', flipOneBit],
  ['a byte more', 'process', append],
  ['a link to its own copy', 'sandbox', swapByLink],
] as const;

describe.each(ways)('each file in turn, %s, in mode %s', (_, mode, change) => {
  test.skipIf(mode === 'sandbox' && !sandboxed)(
    'is refused, before anything runs',
    { timeout: 120_000 },
    async () => {
      expect(files.length).toBeGreaterThan(40);
      const vault = await vaultOf(world, { mode });
      const whole = treeOf(folder);
      const loaded: unknown[] = [];
      for (const name of files) {
        const path = join(folder, name);
        const aside = join(tempFolder(), 'aside');
        copyFileSync(path, aside);
        const { mode } = lstatSync(path);
        change(path);
        const code = await codeOf(vault.load('acme/semver', { repair: false }));
        if (code !== 'TREE_CHANGED') loaded.push([name, code]);
        rmSync(path);
        renameSync(aside, path);
        chmodSync(path, mode & 0o777);
      }
      expect(loaded).toEqual([]);
      expect(treeOf(folder)).toEqual(whole);
      const semver = await vault.load('acme/semver', { repair: false });
      expect(await semver.call('valid', 'v1.2.3')).toBe('1.2.3');
    },
  );
});

test('all at once, each in another way: repaired, and it runs', { timeout: 60_000 }, async () => {
  const vault = await vaultOf(world, { mode: 'process' });
  const whole = treeOf(folder);
  for (const [at, name] of files.entries()) ways[at % ways.length]?.[2](join(folder, name));
  expect(treeOf(folder)).not.toEqual(whole);
  const semver = await vault.load('acme/semver');
  expect(await semver.call('valid', 'v1.2.3')).toBe('1.2.3');
  expect(treeOf(folder)).toEqual(whole);
});
