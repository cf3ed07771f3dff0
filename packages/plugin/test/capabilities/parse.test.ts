import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  capabilitiesToJson,
  defaultCapabilityLimits,
  endpointCovers,
  noCapabilities,
  parseCapabilities,
  parseEndpoint,
} from '@ragnos/plugin';
import { parseJson, type JsonObject, type JsonValue } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { asObject } from '../formats/samples.ts';

const read = async (name: string): Promise<object> =>
  asObject(
    JSON.parse(
      await readFile(new URL(`../../../../docs/reference/${name}.schema.json`, import.meta.url), 'utf8'),
    ),
  );
const schema = await read('capabilities');
const validate = new Ajv2020({ strict: true }).compile(schema);
const hash = 'a'.repeat(64);
const asJson = (value: unknown): JsonValue => parseJson(Buffer.from(JSON.stringify(value)), 'test');

const good: Readonly<Record<string, JsonObject>> = {
  nothing: {},
  everything: {
    'fs.read': ['$project', '$data', '$chosen', '$home/.gitconfig', '/etc/hosts', '/', 'C:/Users', 'C:/'],
    'fs.write': ['$temp', '$data/cache/x'],
    'net.connect': [
      'api.example.com:443',
      '*.example.org:443',
      'GET,HEAD api.example.com:8443',
      '127.0.0.1:5432',
      'localhost:5432',
      '[::1]:8080',
      '*:*',
    ],
    env: ['GITHUB_TOKEN', '_x'],
    exec: ['git', '/usr/bin/git', 'C:/x/git.exe', 'g++', '*'],
    native: true,
    worker: true,
    eval: true,
    tools: { greet: hash },
    prompts: { 'a prompt': hash },
    requests: ['sampling/createMessage', 'roots/list', 'elicitation/create'],
    limits: { memoryMb: 16, cpuSeconds: 86_400, callsPerMinute: 1 },
  },
};

const bad: Readonly<Record<string, unknown>> = {
  'a list': [],
  'a typing error': { 'net.conect': [] },
  'a path that climbs': { 'fs.read': ['$home/../x'] },
  'a path that climbs at its end': { 'fs.read': ['/etc/..'] },
  'a relative path': { 'fs.read': ['data'] },
  'an empty path': { 'fs.read': [''] },
  'a root nobody knows': { 'fs.read': ['$root'] },
  'a root as a prefix of a name': { 'fs.read': ['$homes/x'] },
  'a path with an empty name': { 'fs.write': ['/a//b'] },
  'a path with a slash at its end': { 'fs.write': ['/a/'] },
  'a path with a backslash': { 'fs.write': ['$home\\x'] },
  'a path with a pattern': { 'fs.write': ['$home/*'] },
  'a path with a line break': { 'fs.write': ['/a\nb'] },
  'the stream of a file': { 'fs.write': ['/a:b'] },
  'twice the same': { 'fs.read': ['$data', '$data'] },
  '501 paths': { 'fs.read': Array.from({ length: 501 }, (_, i) => `/${i}`) },
  'a path of 1,025 characters': { 'fs.read': [`/${'a'.repeat(1024)}`] },
  'paths as text': { 'fs.read': '$data' },
  'no port': { 'net.connect': ['example.com'] },
  'port 0': { 'net.connect': ['example.com:0'] },
  'port 65536': { 'net.connect': ['example.com:65536'] },
  'port with a zero before it': { 'net.connect': ['example.com:0443'] },
  'a scheme': { 'net.connect': ['https://example.com:443'] },
  'a path after it': { 'net.connect': ['example.com:443/x'] },
  'upper case': { 'net.connect': ['Example.com:443'] },
  'a dot at the end': { 'net.connect': ['example.com.:443'] },
  'an empty label': { 'net.connect': ['a..b:443'] },
  'a star inside': { 'net.connect': ['a.*.com:443'] },
  'half of the world': { 'net.connect': ['*.com:443'] },
  'a pattern of local names': { 'net.connect': ['*.localhost:443'] },
  'a pattern of addresses': { 'net.connect': ['*.0.0.1:443'] },
  'an address in short form': { 'net.connect': ['127.1:80'] },
  'an address as one number': { 'net.connect': ['2130706433:80'] },
  'an address in hex': { 'net.connect': ['0x7f.0.0.0x1:80'] },
  'an address of five parts': { 'net.connect': ['1.2.3.4.5:80'] },
  'an address past 255': { 'net.connect': ['256.0.0.1:80'] },
  'IPv6 without brackets': { 'net.connect': ['::1:80'] },
  'IPv6 with a zone': { 'net.connect': ['[fe80::1%eth0]:80'] },
  'a method in lower case': { 'net.connect': ['get example.com:443'] },
  'a method nobody knows': { 'net.connect': ['FETCH example.com:443'] },
  'CONNECT, which would be a tunnel': { 'net.connect': ['CONNECT example.com:443'] },
  'a user': { 'net.connect': ['me@example.com:443'] },
  'an environment variable with a sign': { env: ['A=B'] },
  'a pattern of variables': { env: ['AWS_*'] },
  'an empty variable': { env: [''] },
  'a relative program': { exec: ['./run'] },
  'a program with arguments': { exec: ['git push'] },
  'a program in a root': { exec: ['$home/x'] },
  'a program that is an option': { exec: ['-x'] },
  'a folder of programs': { exec: ['/'] },
  'a switch as text': { native: 'yes' },
  'a switch as a number': { worker: 1 },
  'a tool without a digest': { tools: { greet: 'x' } },
  'a digest in upper case': { prompts: { greet: 'A'.repeat(64) } },
  'a tool with an escape in its name': { tools: { '\u001b[2J': hash } },
  'a tool without a name': { tools: { '': hash } },
  'a request nobody knows': { requests: ['tools/list'] },
  'a limit nobody knows': { limits: { memory: 100 } },
  'memory 15': { limits: { memoryMb: 15 } },
  'memory without an end': { limits: { memoryMb: 16_385 } },
  'calls without an end': { limits: { callsPerMinute: 100_001 } },
  'processor time without an end': { limits: { cpuSeconds: 86_401 } },
  'processor time of nothing': { limits: { cpuSeconds: 0 } },
};

/** What a schema cannot say. */
const readerAlone: Readonly<Record<string, JsonObject>> = {
  'IPv6 that is not canonical': { 'net.connect': ['[0:0:0:0:0:0:0:1]:80'] },
  'IPv4 in IPv6 clothes': { 'net.connect': ['[::ffff:7f00:1]:80'] },
  'a method twice': { 'net.connect': ['GET,GET example.com:443'] },
  'a path with an invisible character': { 'fs.read': ['/a\u200bb'] },
  'a tool with an invisible name': { tools: { 'a\u202eb': hash } },
  'a tool whose name is blank': { tools: { '\u3000 ': hash } },
};

/** A joiner, a line separator, a filler of Hangul, an empty Braille cell, a selector of glyphs, an empty note, a private one. */
const unseen = ['\u200d', '\u2028', '\u3164', '\u2800', '\ufe0f', '\u{1d159}', '\ue000'];

const refusal: unknown = expect.objectContaining({ code: 'BAD_FORMAT' });

describe('reader and schema agree', () => {
  test.each(Object.entries(good))('accepted: %s', (_name, json) => {
    expect(() => parseCapabilities(json)).not.toThrow();
    expect(validate(json)).toBe(true);
  });
  test.each(Object.entries(bad))('refused: %s', (_name, json) => {
    expect(() => parseCapabilities(asJson(json))).toThrow(refusal);
    expect(validate(json)).toBe(false);
  });
  test.each(Object.entries(readerAlone))('refused by the reader alone: %s', (_name, json) => {
    expect(() => parseCapabilities(json)).toThrow(refusal);
  });
  test.each(unseen.map((sign) => [(sign.codePointAt(0) ?? 0).toString(16), sign]))(
    'no name holds U+%s, which nobody sees',
    (_name, sign) => {
      for (const json of [
        { 'fs.write': [`$project/a${sign}`] },
        { exec: [`/usr/bin/${sign}git`] },
        { tools: { [`send${sign}`]: hash } },
        { prompts: { [`${sign}send`]: hash } },
      ])
        expect(() => parseCapabilities(json)).toThrow(refusal);
    },
  );
  test('the three schemas hold the same words', async () => {
    const { $schema: _s, $id: _i, title: _t, ...plain } = Object.fromEntries(Object.entries(schema));
    for (const name of ['ragv', 'plugin-manifest'])
      expect(await read(name)).toMatchObject({
        $defs: { capabilities: plain },
        properties: { capabilities: { $ref: '#/$defs/capabilities' } },
      });
  });
});

test('what is absent is not asked for, and a limit that is absent is the default', () => {
  expect(parseCapabilities({})).toEqual(noCapabilities);
  expect(parseCapabilities({ limits: { memoryMb: 20 } }).limits).toEqual({
    ...defaultCapabilityLimits,
    memoryMb: 20,
  });
});

test('what is written is read back, and says nothing of what is not asked for', () => {
  const everything = parseCapabilities(good['everything']);
  expect(parseCapabilities(capabilitiesToJson(everything))).toEqual(everything);
  expect(capabilitiesToJson(everything)).toEqual(good['everything']);
  expect(capabilitiesToJson(noCapabilities)).toEqual({});
});

test('__proto__ is a name like others', () => {
  expect(
    parseCapabilities(parseJson(Buffer.from(`{"tools":{"__proto__":"${hash}"}}`), 'test')).tools.get(
      '__proto__',
    ),
  ).toBe(hash);
});

const covers: readonly (readonly [wide: string, narrow: string, answer: boolean])[] = [
  ['example.com:443', 'example.com:443', true],
  ['example.com:443', 'example.com:80', false],
  ['example.com:*', 'example.com:80', true],
  ['example.com:80', 'example.com:*', false],
  ['*.example.com:443', 'api.example.com:443', true],
  ['*.example.com:443', 'a.b.example.com:443', true],
  ['*.example.com:443', 'example.com:443', false],
  ['*.example.com:443', 'evilexample.com:443', false],
  ['*.example.com:443', '*.api.example.com:443', true],
  ['*.example.com:443', '*.example.com:443', true],
  ['*.api.example.com:443', '*.example.com:443', false],
  ['api.example.com:443', '*.example.com:443', false],
  ['*:443', '*.example.com:443', true],
  ['*:443', '*:443', true],
  ['*.example.com:443', '*:443', false],
  ['*:*', 'localhost:80', false],
  ['*:*', 'x.localhost:80', false],
  ['*:*', '127.0.0.1:80', false],
  ['*:*', '[::1]:80', false],
  ['example.com:443', 'GET example.com:443', true],
  ['GET example.com:443', 'example.com:443', false],
  ['GET,HEAD example.com:443', 'HEAD example.com:443', true],
  ['GET example.com:443', 'GET,POST example.com:443', false],
];
test.each(covers)('%s covers %s: %s', (wide, narrow, answer) => {
  const [a, b] = [parseEndpoint(wide), parseEndpoint(narrow)];
  expect(a !== null && b !== null && endpointCovers(a, b)).toBe(answer);
});
