import {
  capabilitiesToJson,
  checkPlugin,
  declarationFor,
  filePath,
  parseCapabilities,
  undeclared,
  widens,
  type Capabilities,
  type PluginManifest,
  type UsedCapability,
} from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digest } from '../formats/samples.ts';
import { joinCapabilities } from '../../src/capabilities/join.ts';
import { anyCapabilities, capabilities } from './samples.ts';

const used = (capability: UsedCapability['capability'], value: string | null): UsedCapability => ({
  capability,
  value,
  evidence: [{ file: 'a.js', line: 1, what: 'x' }],
  count: 1,
});

const gate: readonly (readonly [UsedCapability['capability'], string | null, JsonObject, boolean])[] = [
  ['fs.read', null, {}, false],
  ['fs.read', null, { 'fs.read': ['$data'] }, true],
  ['fs.read', null, { 'fs.write': ['$data'] }, true],
  ['fs.read', '$home/.ssh', { 'fs.read': ['$home'] }, true],
  ['fs.read', '$home/.ssh', { 'fs.write': ['$home'] }, true],
  ['fs.read', '$home/.ssh', { 'fs.read': ['$project'] }, false],
  ['fs.write', null, { 'fs.read': ['$data'] }, false],
  ['fs.write', '$data/x', { 'fs.write': ['$data'] }, true],
  ['net.connect', null, {}, false],
  ['net.connect', null, { 'net.connect': ['a.example:443'] }, true],
  ['net.connect', 'a.example:443', { 'net.connect': ['b.example:443'] }, false],
  ['net.connect', 'a.example:443', { 'net.connect': ['*.example:443', 'x.a.example:443'].slice(1) }, false],
  ['net.connect', 'x.a.example:443', { 'net.connect': ['*.a.example:443'] }, true],
  ['net.connect', 'a.example:443', { 'net.connect': ['GET a.example:443'] }, true],
  ['net.connect', '10.0.0.1:443', { 'net.connect': ['*:*'] }, false],
  ['env', 'A', { env: ['B'] }, false],
  ['env', 'A', { env: ['A'] }, true],
  ['exec', null, {}, false],
  ['exec', null, { exec: ['git'] }, true],
  ['exec', 'sh', { exec: ['git'] }, false],
  ['exec', 'sh', { exec: ['*'] }, true],
  ['native', '', {}, false],
  ['native', '', { native: true }, true],
  ['worker', '', { native: true }, false],
  ['eval', '', { eval: true }, true],
];

describe('used is declared', () => {
  test.each(gate)('%s %s in %j: %s', (capability, value, declared, passes) => {
    expect(undeclared([used(capability, value)], capabilities(declared))).toHaveLength(passes ? 0 : 1);
  });
});

const anyUse = fc.oneof(
  fc
    .constantFrom(null, '$home', '$home/.ssh', '/etc', '/etc/hosts', '$project/x')
    .chain((value) =>
      fc.constantFrom('fs.read' as const, 'fs.write' as const).map((capability) => used(capability, value)),
    ),
  fc
    .constantFrom(null, 'a.example:443', 'b.example:80', '127.0.0.1:1', 'localhost:1', '[::1]:1')
    .map((value) => used('net.connect', value)),
  fc.constantFrom('A', 'B').map((value) => used('env', value)),
  fc.constantFrom(null, 'git', 'sh').map((value) => used('exec', value)),
  fc.constantFrom('native' as const, 'worker' as const, 'eval' as const).map((name) => used(name, '')),
);

describe('what is filled in', () => {
  test('passes the gate, and can be written into a manifest', () => {
    fc.assert(
      fc.property(fc.array(anyUse, { maxLength: 12 }), (uses) => {
        const declared = declarationFor(uses);
        expect(undeclared(uses, declared)).toEqual([]);
        expect(parseCapabilities(capabilitiesToJson(declared))).toEqual(declared);
      }),
    );
  });
  test('says nothing twice, and takes in what is covered', () => {
    const uses = [
      used('fs.read', '$home/.ssh'),
      used('fs.read', '$home'),
      used('fs.read', '/a/b'),
      used('fs.write', '/a'),
      used('net.connect', null),
      used('net.connect', 'a.example:443'),
      used('net.connect', '10.0.0.1:5432'),
      used('exec', null),
      used('exec', 'git'),
    ];
    expect(capabilitiesToJson(declarationFor(uses))).toEqual({
      'fs.read': ['$home'],
      'fs.write': ['/a'],
      'net.connect': ['*:*', '10.0.0.1:5432'],
      exec: ['*'],
    });
    expect(capabilitiesToJson(declarationFor([]))).toEqual({});
  });
  test('joined with what was known, covers both and nothing else', () => {
    fc.assert(
      fc.property(anyCapabilities, anyCapabilities, (a, b) => {
        const plain = (one: Capabilities): Capabilities => ({ ...one, tools: new Map(), prompts: new Map() });
        const more = { ...plain(b), limits: a.limits };
        const both = joinCapabilities(plain(a), more);
        expect(widens(both, plain(a)) || widens(both, more)).toBe(false);
        expect(both.limits).toEqual(joinCapabilities(plain(a), b).limits);
        expect(parseCapabilities(capabilitiesToJson(both))).toEqual(both);
      }),
    );
  });
});

describe('checkPlugin, for whoever has a manifest and verified files', () => {
  const bodies = new Map([
    ['a.js', 'process.env.LEVEL; process.env.TOKEN'],
    ['start', `require('./a.js'); eval(x)`],
    ['tool.exe', 'MZ'],
  ]);
  const manifest = (
    declared: JsonObject,
    start = false,
  ): Pick<PluginManifest, 'files' | 'entry' | 'capabilities'> => ({
    files: [...bodies].map(([path, text]) => ({
      path: filePath(path),
      size: text.length,
      sha256: digest('a'),
      mode: 0o644,
    })),
    entry: {
      main: start ? filePath('start') : null,
      bin: new Map(),
      launch: { args: [], env: new Map([['LEVEL', '1']]), settings: new Map() },
    },
    capabilities: declared,
  });
  const read = (path: string): Promise<Uint8Array> => Promise.resolve(Buffer.from(bodies.get(path) ?? ''));

  test('names file, line and the JSON to declare', async () => {
    const found = await checkPlugin(manifest({}, true), read);
    expect(found.findings).toEqual([
      {
        code: 'UNDECLARED_CAPABILITY',
        file: 'a.js',
        line: 1,
        what: 'process.env.TOKEN sees the environment variable TOKEN, and env does not declare it',
      },
      {
        code: 'UNDECLARED_CAPABILITY',
        file: 'start',
        line: 1,
        what: 'eval makes code from text, and eval does not declare it',
      },
    ]);
    expect(found.toDeclare).toBe('{"env":["TOKEN"],"eval":true}');
    expect((await checkPlugin(manifest(parsedJson(found.toDeclare), true), read)).findings).toEqual([]);
  });
  test('an organisation’s kinds of files come first', async () => {
    const found = await checkPlugin(manifest({ env: ['TOKEN'] }), read, { extensions: { refuse: ['exe'] } });
    expect(found.findings).toMatchObject([{ code: 'FILE_KIND', file: 'tool.exe', line: 0 }]);
    expect(found.toDeclare).toBeNull();
  });
  test('capabilities that cannot be read, and bytes that cannot be had, are errors', async () => {
    await expect(checkPlugin(manifest({ x: 1 }), read)).rejects.toMatchObject({ code: 'BAD_FORMAT' });
    const gone = (): Promise<Uint8Array> => Promise.reject(new Error('gone'));
    await expect(checkPlugin(manifest({}), gone)).rejects.toThrow('gone');
  });
});

function parsedJson(text: string | null): JsonObject {
  return capabilitiesToJson(parseCapabilities(JSON.parse(text ?? '{}') as JsonObject)); // what the check wrote itself
}
