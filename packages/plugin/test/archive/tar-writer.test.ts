import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { readArchive, writeArchive, type FileToPack } from '@ragnos/plugin';
import { expect, test } from 'vitest';

const files: readonly FileToPack[] = [
  { path: 'package/package.json', mode: 0o644, body: Buffer.from('{"name":"hello"}\n') },
  { path: 'package/bin.js', mode: 0o755, body: Buffer.from('#!/usr/bin/env node\n') },
  { path: 'package/\u00fc/\u{1f600}.txt', mode: 0o644, body: Buffer.from('not ASCII') },
  { path: `package/${'deep/'.repeat(25)}file.txt`, mode: 0o644, body: Buffer.from('USTAR prefix') },
  { path: `package/${'n'.repeat(200)}.txt`, mode: 0o644, body: Buffer.from('pax path') },
  { path: 'package/empty', mode: 0o644, body: Buffer.alloc(0) },
  { path: 'package/block', mode: 0o644, body: Buffer.alloc(512, 'x') },
];

test('golden: an update that changes one byte of what we publish must be decided, not happen (docs/adr/0003)', async () =>
  expect(
    createHash('sha256')
      .update(await writeArchive(files))
      .digest('hex'),
  ).toBe('ab66446bc232937785ad85452ce4bca304cb8cf7ed2af900b70b928e2207fdd6'));

test('the order of the files does not matter', async () =>
  expect(await writeArchive(files.toReversed())).toEqual(await writeArchive(files)));

test('our reader and zlib read what was written', async () => {
  const bytes = await writeArchive(files);
  const back = readArchive(bytes).map(({ path, mode, body }) => ({ path, mode, body: Buffer.from(body) }));
  const order = (a: { path: string }, b: { path: string }): number =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
  expect(back).toEqual(files.toSorted(order));
  expect(gunzipSync(bytes).length % 512).toBe(0);
});

test('no owner, one time, no name of a system in any header', async () => {
  const tar = gunzipSync(await writeArchive(files.slice(0, 1)));
  expect(tar.subarray(108, 124).toString()).toBe('0000000\x000000000\0');
  expect(Number.parseInt(tar.subarray(136, 147).toString(), 8)).toBe(
    Date.parse('1985-10-26T08:15:00Z') / 1000,
  );
  expect(tar.subarray(265, 329).equals(Buffer.alloc(64))).toBe(true);
});
