/** Files of a role that are read as text: what is found in them is what a parser finds, and what is not plain is left to one. */
import {
  defaultLimits,
  editedTargetFiles,
  hexDigest,
  LimitExceededError,
  MalformedMetadataError,
  parseMetadata,
  signedToBytes,
  targetPath,
  type Metadata,
  type TargetFile,
  type TargetPath,
} from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digest } from './world.ts';

const entry = (path: string, length: number | string = 7, sha256 = digest): string =>
  `"${path}":{"hashes":{"sha256":"${sha256}"},"length":${length}}`;
const around = (targets: string, before = '', after = ''): string =>
  `{"signatures":[],"signed":{"_type":"targets",${before}"expires":"2030-01-01T00:00:00Z","spec_version":"1.0.34",${targets},"version":1${after}}}`;
const signedIn = (entries: readonly string[]): string => around(`"targets":{${entries.join(',')}}`);

const read = (text: string): Metadata<'targets'> => parseMetadata(Buffer.from(text), 'targets');

type Outcome = { readonly entries: unknown; readonly rest: unknown; readonly bytes: string } | string;

/** What is read of a text, or how it is refused. */
function outcome(text: string): Outcome {
  try {
    const { signed, signedBytes } = read(text);
    const { targets, ...rest } = signed;
    expect(targets.size).toBe([...targets].length);
    return { entries: new Map(targets), rest, bytes: Buffer.from(signedBytes).toString() };
  } catch (error) {
    if (!(error instanceof MalformedMetadataError || error instanceof LimitExceededError)) throw error;
    return error.message;
  }
}

/** White space says nothing, and is what no canonical text has: so all of it is parsed. */
const parsed = (text: string): Outcome => outcome(`${text} `);

const odd: Readonly<Record<string, string>> = {
  'two plain files': signedIn([entry('a/b'), entry('a/c')]),
  'no files': signedIn([]),
  'a path twice': signedIn([entry('a'), entry('a')]),
  'out of order': signedIn([entry('b'), entry('a')]),
  'in the order of bytes, not of numbers': signedIn([entry('10'), entry('9'), entry('_')]),
  'names of an object': signedIn([entry('__proto__'), entry('constructor')]),
  'a digest in capitals': signedIn([entry('a', 7, digest.toUpperCase().replace(/^./, 'A'))]),
  'a short digest': signedIn([entry('a', 7, digest.slice(1))]),
  'a long digest': signedIn([entry('a', 7, `${digest}0`)]),
  'a length with a zero before it': signedIn([entry('a', '07')]),
  'a length below zero': signedIn([entry('a', -1)]),
  'a length with an exponent': signedIn([entry('a', '1e3')]),
  'the longest length': signedIn([entry('a', Number.MAX_SAFE_INTEGER)]),
  'a length past 2^53': signedIn([entry('a', '9007199254740993')]),
  'a dot segment': signedIn([entry('a/../b')]),
  'an absolute path': signedIn([entry('/a')]),
  'a path of other letters': signedIn([entry('a'), entry('é')]),
  'an escape in a path': signedIn([entry('\\u0061'), entry('b')]),
  'a comma too many': signedIn([entry('a'), '']),
  'a comma before': signedIn(['', entry('a')]),
  'no comma': signedIn([`${entry('a')}${entry('b')}`]),
  'not closed': signedIn([entry('a')]).replace('}},"version"', '},"version"'),
  'white space': signedIn([`${entry('a')} `]),
  custom: signedIn([entry('a'), entry('b').replace('"hashes"', '"custom":{},"hashes"')]),
  'two digests': signedIn([entry('a').replace('{"sha256"', '{"sha512":"00","sha256"')]),
  'files twice': around(`"targets":{${entry('a')}},"targets":{${entry('b')}}`),
  'files, and none of that name': around(`"targets":{${entry('a')}},"targets":{}`),
  'files, and a list of that name': around(`"targets":{${entry('a')}},"targets":[]`),
  'files elsewhere': around('"targets":{}', `"a":{"targets":{${entry('a')}}},`),
  'files elsewhere, and none here': around('"u":1', `"a":{"targets":{${entry('a')}}},`),
  'files elsewhere, and here in another spelling': around(
    '"t\\u0061rgets":{}',
    `"a":{"targets":{${entry('a')}}},`,
  ),
  'files elsewhere, and here with a space': around('"targets" :{}', `"a":{"targets":{${entry('a')}}},`),
  'files here and elsewhere': around(`"targets":{${entry('a')}}`, '', `,"x":{"targets":{${entry('b')}}}`),
  'files beside what is signed': `{"signatures":[],"signed":{},"targets":{${entry('a')}}}`,
  'files in what is signed for another role': signedIn([entry('a')]).replace('"targets",', '"snapshot",'),
  'members out of order': around(`"targets":{${entry('a')}}`, '"z":1,'),
  'a member twice': around(`"targets":{${entry('a')}}`, '"b":1,"b":1,'),
  'signed comes first': `{"signed":${signedIn([entry('a')]).slice('{"signatures":[],"signed":'.length, -1)},"signatures":[]}`,
  'surrogates beside it': around(`"targets":{${entry('a')}}`, '', ',"x":"\u{1f600}"'),
  'a text in which it stands': around(`"targets":{${entry('a')}}`, '', `,"x":"targets:{"`),
};

describe('plain files', () => {
  test.each(Object.entries(odd))('%s: as a parser reads it', (_, text) => {
    expect(outcome(text)).toEqual(parsed(text));
  });

  test('any list of files: as a parser reads it', () => {
    const path = fc.constantFrom('a', 'a/b', 'a/b.json', 'b', '9', '10', '_', 'a-b', '.a', 'a//b', 'é');
    const length = fc.constantFrom<number | string>(0, 1, 999_999_999_999_999, '01', '1.0', '', 1e15);
    const list = fc.array(fc.tuple(path, fc.oneof({ weight: 9, arbitrary: fc.nat() }, length)), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(list, fc.boolean(), (files, sorted) => {
        const entries = files.map(([name, size]) => entry(name, size));
        const text = signedIn(sorted ? [...new Set(entries)].toSorted() : entries);
        expect(outcome(text)).toEqual(parsed(text));
      }),
      { numRuns: 500 },
    );
  });

  test('are found, and nothing else is', () => {
    const names = Array.from({ length: 100 }, (_, n) => `p/${String(n).padStart(3, '0')}`);
    const { targets } = read(signedIn(names.map((name, n) => entry(name, n)))).signed;
    expect([...targets.keys()]).toEqual(names);
    expect([...targets.values()].map(({ length }) => length)).toEqual(names.map((_, n) => n));
    const seen: string[] = [];
    targets.forEach((file, name, map) => seen.push(`${name} ${file.length} ${map.size}`));
    expect(seen[99]).toBe('p/099 99 100');
    for (const [n, name] of names.entries()) {
      expect(targets.has(targetPath(name))).toBe(true);
      expect(targets.get(targetPath(name))).toMatchObject({
        length: n,
        hashes: new Map([['sha256', digest]]),
      });
    }
    for (const name of ['p/0000', 'p/00', 'p', 'q', 'a', 'p/099/']) {
      expect(targets.has(name as TargetPath)).toBe(false);
      expect(targets.get(name as TargetPath)).toBeUndefined();
    }
    expect(targets.has('' as TargetPath)).toBe(false);
  });

  test('are refused when they are read, and not when one is looked for', () => {
    for (const sha256 of ['A'.repeat(64), 'g'.repeat(64)])
      expect(() => read(signedIn([entry('a', 7, sha256)]))).toThrow(MalformedMetadataError);
  });

  test('count towards the members that a file may have', () => {
    const text = Buffer.from(signedIn([entry('a'), entry('b')]));
    const of = (maxJsonMembers: number) => () =>
      parseMetadata(text, 'targets', { ...defaultLimits, maxJsonMembers });
    expect(of(15)().signed.targets.size).toBe(2);
    expect(of(14)).toThrow(LimitExceededError);
  });

  test('count towards the depth that it may have', () => {
    const text = Buffer.from(signedIn([entry('a')]));
    const of = (maxJsonDepth: number) => () =>
      parseMetadata(text, 'targets', { ...defaultLimits, maxJsonDepth });
    expect(of(5)().signed.targets.size).toBe(1);
    expect(of(4)).toThrow(LimitExceededError);
  });

  test('keep their neighbours wherever one is edited, and take no path for more than a name', () => {
    const names = ['b', 'd', 'f'];
    const { signed } = read(signedIn(names.map((name) => entry(name))));
    const file = (length: number): TargetFile => ({
      length,
      hashes: new Map([['sha256', hexDigest(digest)]]),
      custom: undefined,
      unrecognized: new Map(),
    });
    const quoted = `${entry('a').slice(1)},"z`;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', quoted])
      for (const to of [null, file(9)]) {
        const changes = new Map([[targetPath(name), to]]);
        const edited = editedTargetFiles(signed.targets, changes);
        const kept = names.filter((other) => other !== name);
        expect([...edited.keys()].toSorted()).toEqual((to === null ? kept : [...kept, name]).toSorted());
        const plain = editedTargetFiles(new Map(signed.targets), changes);
        expect(Buffer.from(signedToBytes({ ...signed, targets: edited })).toString()).toBe(
          Buffer.from(signedToBytes({ ...signed, targets: plain })).toString(),
        );
        expect(edited.get(targetPath(name))?.length).toBe(to?.length);
      }
  });

  test('are edited as text, and looked up again; what is not plain makes a map of them', () => {
    const { signed } = read(signedIn(['b', 'd', 'f'].map((name) => entry(name))));
    const file: TargetFile = {
      length: 9,
      hashes: new Map([['sha256', hexDigest(digest)]]),
      custom: undefined,
      unrecognized: new Map(),
    };
    const changes = new Map<TargetPath, TargetFile | null>([
      [targetPath('g'), file],
      [targetPath('a'), file],
      [targetPath('d'), file],
      [targetPath('f'), null],
      [targetPath('e'), null],
    ]);
    const edited = editedTargetFiles(signed.targets, changes);
    expect([...edited].map(([name, { length }]) => [name, length])).toEqual([
      ['a', 9],
      ['b', 7],
      ['d', 9],
      ['g', 9],
    ]);
    const text = Buffer.from(signedToBytes({ ...signed, targets: edited })).toString();
    expect(text).toContain(
      `"targets":{${[entry('a', 9), entry('b'), entry('d', 9), entry('g', 9)].join(',')}}`,
    );
    const custom = editedTargetFiles(edited, new Map([[targetPath('c'), { ...file, custom: { a: 1 } }]]));
    expect([...custom.keys()].toSorted()).toEqual(['a', 'b', 'c', 'd', 'g']);
    const none = editedTargetFiles(edited, new Map([...edited.keys()].map((name) => [name, null])));
    expect([none.size, [...none], none.has('' as TargetPath), none.get('' as TargetPath)]).toEqual([
      0,
      [],
      false,
      undefined,
    ]);
    expect(Buffer.from(signedToBytes({ ...signed, targets: none })).toString()).toContain('"targets":{},');
  });
});
