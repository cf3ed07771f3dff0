import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAuthorFile } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { asObject } from './samples.ts';

const schema: unknown = JSON.parse(
  await readFile(new URL('../../../../docs/reference/ragv.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020({ strict: true }).compile(asObject(schema));
const bytesOf = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));

const good: Readonly<Record<string, unknown>> = {
  nothing: {},
  'a schema for editors': { $schema: './ragv.schema.json' },
  'a Python server': { kind: 'mcp', runtime: 'python', entry: { bin: { hello: 'main.py' } } },
  'a program': { runtime: 'executable', entry: { bin: { hello: 'bin/hello' } } },
  'Node by name, with a module': { runtime: 'node', entry: { main: 'index.js' } },
  'a runtime, and the entry of package.json': { runtime: 'python' },
  everything: {
    format: 'ragnos-plugin/1',
    evidence: ['hello.cdx.json'],
    vendor: 'acme',
    name: 'hello',
    description: 'greets',
    keywords: ['greeting'],
    kind: 'mcp',
    entry: { main: 'dist/index.js', bin: { hello: 'bin.js' } },
    capabilities: {
      'fs.read': ['$data', '$home/.gitconfig', '/etc/hosts'],
      'fs.write': [],
      'net.connect': ['example.com:443'],
      env: ['HOME'],
      exec: ['git'],
      native: false,
      worker: true,
      eval: false,
      limits: { memoryMb: 100 },
      tools: { greet: 'a'.repeat(64) },
      prompts: { hello: 'b'.repeat(64) },
      requests: ['roots/list'],
    },
  },
};

const bad: Readonly<Record<string, unknown>> = {
  'a typing error': { capabilites: {} },
  'a typing error in capabilities': { capabilities: { 'net.conect': [] } },
  'a typing error in entry': { entry: { bins: {} } },
  'another format': { format: 'ragnos-plugin/2' },
  'evidence as text': { evidence: 'x' },
  'an entry of 65 segments': { entry: { main: `${'a/'.repeat(64)}b` } },
  'vendor of a role': { vendor: 'root' },
  'vendor in upper case': { vendor: 'Acme' },
  'name that climbs': { name: '../x' },
  'name that ends in a dot': { name: 'x.' },
  'name of a device': { name: 'nul' },
  'description of two lines': { description: 'a\nb' },
  'description that is none': { description: 5 },
  'keywords as text': { keywords: 'x' },
  '51 keywords': { keywords: Array.from({ length: 51 }, String) },
  'another kind': { kind: 'python' },
  'another runtime': { runtime: 'ruby' },
  'what only another program starts': { runtime: 'none' },
  'a runtime that is no text': { runtime: true },
  'a module of Python': { runtime: 'python', entry: { main: 'main.py' } },
  'a module of a program': { runtime: 'executable', entry: { main: 'bin/x', bin: { x: 'bin/x' } } },
  'entry as text': { entry: 'index.js' },
  'entry that is absolute': { entry: { main: '/index.js' } },
  'entry that climbs': { entry: { bin: { x: '../x' } } },
  'entry with ./': { entry: { main: './index.js' } },
  'capabilities as a list': { capabilities: [] },
  'a capability that is no list': { capabilities: { env: 'HOME' } },
  'a switch that is none': { capabilities: { eval: 'yes' } },
  'a limit of 0': { capabilities: { limits: { memoryMb: 0 } } },
  'a limit nobody knows': { capabilities: { limits: { memory: 100 } } },
  'a fraction': { capabilities: { limits: { memoryMb: 99.5 } } },
  'a tool without a digest': { capabilities: { tools: { greet: 'x' } } },
  'a list': [],
  null: null,
};

describe('reader and schema agree', () => {
  for (const [name, json] of Object.entries(good))
    test(`accepted: ${name}`, () => {
      expect(() => parseAuthorFile(bytesOf(json))).not.toThrow();
      expect(validate(json)).toBe(true);
    });
  for (const [name, json] of Object.entries(bad))
    test(`refused: ${name}`, () => {
      expect(() => parseAuthorFile(bytesOf(json))).toThrow(
        expect.objectContaining({
          code: 'BAD_FORMAT',
          hint: 'docs/reference/ragv.schema.json says what may stand in it',
        }),
      );
      expect(validate(json)).toBe(false);
    });
});

test('what it says, and null where it says nothing', () => {
  expect(parseAuthorFile(bytesOf(good['everything']))).toMatchObject({
    vendor: 'acme',
    kind: 'mcp',
    capabilities: { eval: false },
  });
  expect(parseAuthorFile(bytesOf({}))).toEqual({
    vendor: null,
    name: null,
    description: null,
    keywords: null,
    kind: null,
    runtime: null,
    entry: { main: null, bin: null },
    capabilities: null,
    evidence: [],
  });
});

test('the reader alone sees a key twice and bytes that are no JSON', () => {
  for (const text of ['{"kind":"mcp","kind":"node"}', '{', '\ufeff{}'])
    expect(() => parseAuthorFile(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' }));
});
