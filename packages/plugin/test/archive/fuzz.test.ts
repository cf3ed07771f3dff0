// Whatever the bytes: entries or a typed error, never a crash, a hang or anything that our own rules forbid.
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import {
  ArchiveError,
  filePath,
  foldedPath,
  readArchive,
  readTar,
  writeArchive,
  type ArchiveEntry,
  type FileToPack,
} from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { rawEntry, tar, type RawEntry } from './tar-builder.ts';

/** True if `read` gave what our rules allow, or threw the error that is ours. */
function isSound(read: () => readonly ArchiveEntry[]): boolean {
  let entries: readonly ArchiveEntry[];
  try {
    entries = read();
  } catch (error) {
    if (error instanceof ArchiveError) return true;
    throw error;
  }
  for (const { path } of entries) filePath(path);
  return new Set(entries.map(({ path }) => foldedPath(path))).size === entries.length;
}

const segment = fc.string({
  unit: fc.constantFrom(...Array.from('abcXYZ019-_.@ü')),
  minLength: 1,
  maxLength: 60,
});
const safe = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('/'))
  .filter((path) => {
    try {
      return filePath(path) === path;
    } catch {
      return false;
    }
  });

const packable: fc.Arbitrary<readonly FileToPack[]> = fc
  .uniqueArray(
    fc.record({
      path: safe,
      mode: fc.constantFrom(0o644 as const, 0o755 as const),
      body: fc.uint8Array({ maxLength: 1200 }),
    }),
    { selector: ({ path }) => foldedPath(path), maxLength: 12 },
  )
  .filter((files) => {
    const paths = files.map(({ path }) => foldedPath(path));
    const folders = files.flatMap(({ path }) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, all) => all.slice(0, at + 1).join('/')),
    );
    return (
      !paths.some((path) => paths.some((other) => other.startsWith(`${path}/`))) &&
      new Set(folders.map(foldedPath)).size === new Set(folders).size
    );
  });

test('what the writer writes the reader reads', () =>
  fc.assert(
    fc.asyncProperty(packable, async (files) => {
      const back = readArchive(await writeArchive(files)).map(({ path, mode, body }) => ({
        path,
        mode,
        body: Buffer.from(body),
      }));
      const order = (a: { path: string }, b: { path: string }): number =>
        Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
      expect(back).toEqual(files.map((file) => ({ ...file, body: Buffer.from(file.body) })).toSorted(order));
    }),
    { numRuns: 100 },
  ));

const hostile: fc.Arbitrary<RawEntry> = fc.record(
  {
    name: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      safe,
      fc.constantFrom('..', '/', 'a', 'A', 'a/b', 'a/', '\\', 'nul'),
    ),
    type: fc.constantFrom(...Array.from('01234567xgLKSZ\0')),
    prefix: fc.constantFrom('', '', '..', 'a', '/'),
    mode: fc.oneof(fc.nat(0o7777), fc.string({ maxLength: 8 })),
    size: fc.oneof(fc.nat(5000), fc.uint8Array({ minLength: 12, maxLength: 12 })),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.constantFrom('11 path=..\n', '12 size=999\n', '9 path=a\n'),
    ),
    checksumOff: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
  },
  { requiredKeys: ['name'] },
);

test('hostile entries in any order', () =>
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 8 }), (entries) => {
      expect(isSound(() => readTar(tar(...entries)))).toBe(true);
    }),
    { numRuns: 1500 },
  ));

const base = Buffer.concat([
  tar({ name: 'package/a', body: 'hello' }, rawSafe('package/lib/b'), {
    name: 'package/c',
    body: 'x'.repeat(600),
  }),
]);
function rawSafe(name: string): RawEntry {
  return { name, body: 'world', mode: 0o755 };
}

test('a good tar with bytes changed, and its checksums put right again', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const bytes = Buffer.from(base);
        for (const [at, value] of changes) bytes[at] = value;
        for (let at = 0; at + 512 <= bytes.length; at += 512) fixChecksum(bytes.subarray(at, at + 512));
        expect(isSound(() => readTar(bytes))).toBe(true);
      },
    ),
    { numRuns: 1500 },
  ));

function fixChecksum(block: Buffer): void {
  if (block.subarray(257, 262).toString() !== 'ustar') return;
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

test('a good archive with bytes changed, cut or added', { timeout: 60_000 }, () => {
  const packed = gzipSync(base);
  fc.assert(
    fc.property(
      fc.nat(packed.length - 1),
      fc.nat(255),
      fc.nat(packed.length),
      fc.uint8Array({ maxLength: 20 }),
      (at, value, length, more) => {
        const bytes = Buffer.concat([packed.subarray(0, length), more]);
        if (at < bytes.length) bytes[at] = value;
        expect(isSound(() => readArchive(bytes))).toBe(true);
      },
    ),
    { numRuns: 1500 },
  );
});

test('any bytes at all', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      expect(isSound(() => readArchive(bytes))).toBe(true);
      expect(isSound(() => readTar(bytes))).toBe(true);
      expect(isSound(() => readArchive(gzipSync(bytes)))).toBe(true);
      expect(
        isSound(() => readTar(Buffer.concat([rawEntry({ name: 'a', type: 'x', body: bytes }), base]))),
      ).toBe(true);
    }),
    { numRuns: 500 },
  ));
