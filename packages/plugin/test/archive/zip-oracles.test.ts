// Whatever we read, others read the same: yauzl begins at the end of an archive, fflate's stream at its beginning.
import * as fc from 'fast-check';
import { Unzip, UnzipInflate } from 'fflate';
import { ArchiveError, readZip } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { fromBuffer } from 'yauzl';
import { extra, file, zip, type RawZip, type RawZipEntry } from './zip-builder.ts';

/** Name and content of every file; folders left out. `null`: it refuses the archive. */
type Seen = readonly (readonly [name: string, content: string])[] | null;

function ours(bytes: Buffer): Seen {
  try {
    return sorted(readZip(bytes).map(({ path, body }) => [path, Buffer.from(body).toString('latin1')]));
  } catch (error) {
    if (error instanceof ArchiveError) return null;
    throw error;
  }
}

function fromTheEnd(bytes: Buffer): Promise<Seen> {
  return new Promise((done) => {
    const found: (readonly [string, string])[] = [];
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => {
      if (error !== null || opened === undefined) return done(null);
      opened.on('error', () => done(null));
      opened.on('end', () => done(sorted(found)));
      opened.on('entry', (entry) => {
        if (entry.fileName.endsWith('/')) return opened.readEntry();
        opened.openReadStream(entry, (refused, stream) => {
          if (refused !== null || stream === undefined) return done(null);
          const parts: Buffer[] = [];
          stream.on('data', (part: Buffer) => parts.push(part));
          stream.on('error', () => done(null));
          stream.on('end', () => {
            found.push([entry.fileName, Buffer.concat(parts).toString('latin1')]);
            opened.readEntry();
          });
        });
      });
      opened.readEntry();
    });
  });
}

function fromTheBeginning(bytes: Buffer): Seen {
  const found: (readonly [string, string])[] = [];
  const reader = new Unzip((entry) => {
    const parts: Uint8Array[] = [];
    entry.ondata = (error, part, last) => {
      if (error !== null) throw error;
      parts.push(part);
      if (last && !entry.name.endsWith('/'))
        found.push([entry.name, Buffer.concat(parts).toString('latin1')]);
    };
    entry.start();
  });
  reader.register(UnzipInflate);
  reader.push(bytes, true);
  return sorted(found);
}

function sorted(list: readonly (readonly [string, string])[]): Seen {
  return list.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const entry: fc.Arbitrary<RawZipEntry> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f/', '\u00fc', '../x', 'A'),
    body: fc.oneof(fc.string({ maxLength: 30 }), fc.constant('long '.repeat(500))),
    method: fc.constantFrom(0, 8, 8, 8),
    descriptor: fc.constantFrom(undefined, undefined, true as const),
    extra: fc.constantFrom(undefined, extra(0x5455, Buffer.alloc(5)), extra(0x7075, Buffer.alloc(5))),
    local: fc.constantFrom(undefined, undefined, undefined, { length: 1 }, { name: 'z' }),
    only: fc.constantFrom(undefined, undefined, undefined, undefined, 'local' as const),
    before: fc.constantFrom(undefined, undefined, undefined, Buffer.from('PK\x03\x04')),
  })
  .map(({ name, body, ...more }) => ({
    ...file(name, name.endsWith('/') ? '' : body),
    ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)),
  }));
const about: fc.Arbitrary<RawZip> = fc.constantFrom(
  {},
  {},
  { comment: Buffer.from('a comment') },
  { comment: zip([file('evil')]) },
  { beforeDirectory: Buffer.from('x') },
  { count: 1 },
);
const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
const noise = fc.oneof(fc.constant([]), fc.array(change, { maxLength: 2 }));

test('archives made of good and bad parts, with bytes changed', async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 4 }),
      about,
      noise,
      async (entries, how, changes) => {
        const bytes = zip(entries, how);
        for (const [at, by] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ by;
        const seen = ours(bytes);
        if (seen === null) return;
        read++;
        expect(await fromTheEnd(bytes)).toEqual(seen);
        expect(fromTheBeginning(bytes)).toEqual(seen);
      },
    ),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(200); // it compared something
});
