import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { FormatError, parseManifest, serializeManifest, treeHash } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { asObject, digest, failure, files, manifest, withMember } from './samples.ts';

const schema: unknown = JSON.parse(
  await readFile(new URL('../../../../docs/reference/plugin-manifest.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(asObject(schema));
const accepts = (bytes: Uint8Array): boolean => validate(JSON.parse(new TextDecoder().decode(bytes)));
const good = serializeManifest(manifest());

test('what is written is read back the same, and its schema agrees', () => {
  for (const sample of [
    manifest(),
    manifest({
      stripPrefix: '',
      source: { type: 'folder', name: 'hello', integrity: null },
      entry: { main: null, bin: new Map() },
    }),
  ]) {
    const bytes = serializeManifest(sample);
    expect(parseManifest(bytes)).toEqual(sample);
    expect(accepts(bytes)).toBe(true);
  }
});

test('the same content gives the same bytes, whatever the order of its members', () => {
  const other = manifest();
  expect(
    serializeManifest({
      ...other,
      engines: new Map(other.engines),
      capabilities: { limits: { memoryMb: 100 }, 'net.connect': ['example.com:443'] },
    }),
  ).toEqual(good);
});

/** Both the reader and the schema refuse these. */
const both: Readonly<Record<string, readonly [path: readonly (string | number)[], value: unknown]>> = {
  'another format': [['format'], 'ragnos-plugin-manifest/2'],
  'no format': [['format'], undefined],
  'vendor of a role': [['vendor'], 'root'],
  'vendor in upper case': [['vendor'], 'Acme'],
  'plugin with a slash': [['plugin'], 'a/b'],
  'version with build metadata': [['version'], '1.2.0+x'],
  'description of two lines': [['description'], 'a\nb'],
  'description too long': [['description'], 'x'.repeat(501)],
  'artifact of length 0': [['artifact', 'length'], 0],
  'length as text': [['artifact', 'length'], '1'],
  'sha256 in upper case': [['artifact', 'sha256'], 'A'.repeat(64)],
  'source of another kind': [['source', 'type'], 'git'],
  'prefix without a slash': [['stripPrefix'], 'package'],
  'prefix that climbs': [['stripPrefix'], '../'],
  'no files': [['files'], []],
  'absolute file': [['files', 0, 'path'], '/bin.js'],
  'file that climbs': [['files', 0, 'path'], '../bin.js'],
  'file with a backslash': [['files', 0, 'path'], 'a\\b'],
  'file with a reserved name': [['files', 0, 'path'], 'aux.js'],
  'negative size': [['files', 0, 'size'], -1],
  'setuid mode': [['files', 0, 'mode'], 0o4755],
  'mode 0600': [['files', 0, 'mode'], 0o600],
  'no tree hash': [['treeHash'], undefined],
  'kind of its own': [['kind'], 'perl'],
  'engine that is no text': [['engines', 'node'], 20],
  'engine with an escape': [['engines', 'node'], '\u001b[2J'],
  'engine whose name has an escape': [['engines', '\u001b[2J'], '1'],
  'command with an escape': [['entry', 'bin', '\u001b[2J'], 'bin.js'],
  'file with a device that is not in every list': [['files', 0, 'path'], 'CONOUT$'],
  'file 65 segments deep': [['files', 0, 'path'], `${'a/'.repeat(64)}b`],
  'capabilities as a list': [['capabilities'], []],
  'script with an escape': [['lifecycleScripts'], ['\u001b[2J']],
  'bundled without a version': [['bundled', 0, 'version'], undefined],
  'evidence as text': [['evidence'], 'x'],
};

describe('refused by reader and schema', () => {
  test.each(Object.entries(both))('%s', (_name, [path, value]) => {
    const bytes = withMember(good, path, value);
    expect(() => parseManifest(bytes)).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' }));
    expect(accepts(bytes)).toBe(false);
  });
});

const twins = [...files('A.js', 'a.js')];
const folderAndFile = [...files('a', 'a/b')];
const readerOnly: Readonly<Record<string, Uint8Array>> = {
  'tree hash of other files': withMember(good, ['treeHash'], digest('e')),
  'files out of order': withMember(good, ['files'], [...manifest().files].toReversed()),
  'a file twice': withMember(good, ['files', 1], manifest().files[0]),
  'case twins': serializeManifest(
    manifest({ files: twins, entry: { main: null, bin: new Map() }, treeHash: treeHash(twins) }),
  ),
  'a file that is also a folder': serializeManifest(
    manifest({
      files: folderAndFile,
      entry: { main: null, bin: new Map() },
      treeHash: treeHash(folderAndFile),
    }),
  ),
  'an entry that is no file': withMember(good, ['entry', 'main'], 'other.js'),
  'a command that is no file': withMember(good, ['entry', 'bin', 'hello'], 'other.js'),
  'a fraction': Buffer.from(new TextDecoder().decode(good).replace('"length":100', '"length":100.5')),
  'a key twice': Buffer.from(new TextDecoder().decode(good).replace('{', '{"kind":"mcp",')),
  'not JSON': Buffer.from('{'),
  empty: Buffer.alloc(0),
  'a list': Buffer.from('[]'),
  'data after the end': Buffer.concat([good, Buffer.from('{}')]),
  'a byte order mark': Buffer.concat([Buffer.from('\ufeff'), good]),
  'nested too deep': Buffer.from('['.repeat(100_000)),
};

describe('refused by the reader', () => {
  test.each(Object.entries(readerOnly))('%s', (_name, bytes) =>
    expect(() => parseManifest(bytes)).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' })),
  );
});

test('members of a later version are ignored', () =>
  expect(parseManifest(withMember(good, ['later'], { x: 1 }))).toEqual(manifest()));

test('any change of any byte: a manifest or a FormatError', () =>
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const bytes = Uint8Array.from(good);
      bytes[at] = value;
      expect(failure(() => parseManifest(bytes)) ?? new FormatError('BAD_FORMAT', '')).toBeInstanceOf(
        FormatError,
      );
    }),
    { numRuns: 2000 },
  ));
