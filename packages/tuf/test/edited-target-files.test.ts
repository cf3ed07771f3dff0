import {
  editedTargetFiles,
  parseMetadata,
  signedToBytes,
  targetPath,
  type HexDigest,
  type TargetFile,
  type TargetPath,
} from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { digest, envelope, file, targetsJson, type Json } from './world.ts';

const signer = ed25519();
const names = ['a', 'a/b', 'a/é', 'b', '9', '10', '__proto__', 'constructor', 'z/\uff5e', 'z/\u{1f600}'];
const path = fc.constantFrom(...names);
const custom = fc.option(fc.constantFrom<Json>({ b: 1, a: [null, 'é'] }, {}), { nil: undefined });
const fileJson = fc
  .tuple(fc.nat(), custom, fc.boolean(), fc.boolean())
  .map(([length, more, unknown, two]) => ({
    ...file,
    length,
    ...(more === undefined ? {} : { custom: more }),
    ...(unknown ? { 'x-note': 'ü', a: 1 } : {}),
    ...(two ? { hashes: { sha256: digest, 'blake2b-256': digest } } : {}),
  }));

function read(targets: Json): ReturnType<typeof parseMetadata<'targets'>>['signed'] {
  return parseMetadata(envelope(targetsJson({ targets }), [signer]), 'targets').signed;
}

/** As a plain map, of which nothing is known but its entries. */
function plainly(
  files: ReadonlyMap<TargetPath, TargetFile>,
  changes: ReadonlyMap<TargetPath, TargetFile | null>,
): Map<TargetPath, TargetFile> {
  const edited = new Map(files);
  for (const [name, to] of changes)
    if (to === null) edited.delete(name);
    else edited.set(name, to);
  return edited;
}

describe('editing the files of a role', () => {
  test('gives the bytes that a plain map gives, whatever is edited, and edited again', () => {
    const files = fc.array(fc.tuple(path, fileJson)).map((list) => Object.fromEntries(list));
    const edits = fc.array(fc.tuple(path, fc.option(fileJson, { nil: null })));
    fc.assert(
      fc.property(files, edits, edits, (before, first, second) => {
        const signed = read(before);
        let fast: ReadonlyMap<TargetPath, TargetFile> = signed.targets;
        let plain = new Map(signed.targets);
        for (const list of [first, second]) {
          const changes = new Map(
            list.map(([name, json]) => [
              targetPath(name),
              json === null ? null : (read({ only: json }).targets.get(targetPath('only')) ?? null),
            ]),
          );
          fast = editedTargetFiles(fast, changes);
          plain = plainly(plain, changes);
        }
        expect(Buffer.from(signedToBytes({ ...signed, targets: fast }))).toEqual(
          Buffer.from(signedToBytes({ ...signed, targets: plain })),
        );
        expect(fast.size).toBe(plain.size);
        expect(new Map(fast)).toEqual(plain);
      }),
    );
  });

  test('leaves the files as they were', () => {
    const { targets } = read({ a: file, b: file });
    const edited = editedTargetFiles(targets, new Map([[targetPath('a'), null]]));
    expect([...targets.keys()]).toEqual(['a', 'b']);
    expect([...edited.keys()]).toEqual(['b']);
  });

  test('works on any map', () => {
    const one: TargetFile = {
      length: 1,
      hashes: new Map([['sha256', digest as HexDigest]]),
      custom: undefined,
      unrecognized: new Map(),
    };
    const before = new Map([[targetPath('a'), one]]);
    const changes = new Map([
      [targetPath('a'), null],
      [targetPath('b'), one],
    ]);
    expect([...editedTargetFiles(before, changes)]).toEqual([['b', one]]);
    expect(before.size).toBe(1);
  });
});
