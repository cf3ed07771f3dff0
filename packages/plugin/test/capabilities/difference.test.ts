import {
  capabilitiesToJson,
  capabilityDifference,
  narrow,
  noCapabilities,
  parseCapabilities,
  widens,
  type CapabilityPolicy,
} from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCapabilities, anyPolicy, capabilities } from './samples.ts';

const one = 'a'.repeat(64);
const two = 'b'.repeat(64);

const table: Readonly<Record<string, readonly [before: JsonObject, after: JsonObject, widens: boolean]>> = {
  'nothing to something': [{}, { env: ['A'] }, true],
  'something to nothing': [{ env: ['A'] }, {}, false],
  'another variable': [{ env: ['A'] }, { env: ['B'] }, true],
  'a folder to a file in it': [{ 'fs.read': ['$home'] }, { 'fs.read': ['$home/x'] }, false],
  'a file to its folder': [{ 'fs.read': ['$home/x'] }, { 'fs.read': ['$home'] }, true],
  'a name to a longer name': [{ 'fs.read': ['$home/x'] }, { 'fs.read': ['$home/xy'] }, true],
  'all files to a root': [{ 'fs.read': ['/'] }, { 'fs.read': ['$home'] }, true],
  'all files to a file': [{ 'fs.read': ['/'] }, { 'fs.read': ['/etc/hosts'] }, false],
  'write to read': [{ 'fs.write': ['$data'] }, { 'fs.read': ['$data/x'] }, false],
  'read to write': [{ 'fs.read': ['$data'] }, { 'fs.write': ['$data'] }, true],
  'a pattern to a name': [
    { 'net.connect': ['*.example.com:443'] },
    { 'net.connect': ['api.example.com:443'] },
    false,
  ],
  'a name to a pattern': [
    { 'net.connect': ['api.example.com:443'] },
    { 'net.connect': ['*.example.com:443'] },
    true,
  ],
  'another port': [{ 'net.connect': ['example.com:443'] }, { 'net.connect': ['example.com:80'] }, true],
  'one more method': [
    { 'net.connect': ['GET example.com:443'] },
    { 'net.connect': ['GET,POST example.com:443'] },
    true,
  ],
  'two endpoints to one with both methods': [
    { 'net.connect': ['GET example.com:443', 'POST *.com.example:443', 'POST example.com:443'] },
    { 'net.connect': ['GET,POST example.com:443'] },
    false,
  ],
  'any program to git': [{ exec: ['*'] }, { exec: ['git'] }, false],
  'git to another git': [{ exec: ['git'] }, { exec: ['/tmp/git'] }, true],
  'native code': [{}, { native: true }, true],
  'no worker any more': [{ worker: true }, {}, false],
  'code from text': [{}, { eval: true }, true],
  'a new tool': [{ tools: { a: one } }, { tools: { a: one, b: one } }, true],
  'a tool less': [{ tools: { a: one, b: one } }, { tools: { a: one } }, false],
  'a tool with other texts': [{ tools: { a: one } }, { tools: { a: two } }, true],
  'a prompt with other texts': [{ prompts: { a: one } }, { prompts: { a: two } }, true],
  'a prompt with the texts of a tool': [{ tools: { a: one } }, { prompts: { a: one } }, true],
  'a new request': [{ requests: ['roots/list'] }, { requests: ['sampling/createMessage'] }, true],
  'more memory than the default': [{}, { limits: { memoryMb: 257 } }, true],
  'less memory': [{}, { limits: { memoryMb: 100 } }, false],
  'back to the default': [{ limits: { cpuSeconds: 59 } }, {}, true],
  'more calls': [{ limits: { callsPerMinute: 601 } }, { limits: { callsPerMinute: 602 } }, true],
};

describe('widens', () => {
  test.each(Object.entries(table))('%s', (_name, [before, after, answer]) => {
    expect(widens(capabilities(before), capabilities(after))).toBe(answer);
  });
  test('nothing widens itself', () => {
    fc.assert(
      fc.property(anyCapabilities, (a) => {
        expect(widens(a, a)).toBe(false);
      }),
    );
  });
  test('consent carries over: what widens no version that widens none, widens none', () => {
    fc.assert(
      fc.property(anyCapabilities, anyPolicy, anyPolicy, anyCapabilities, (a, p, q, other) => {
        const b = narrow(a, p);
        const c = narrow(b, q);
        fc.pre(!widens(a, b) && !widens(b, c));
        expect(widens(a, c)).toBe(false);
        expect(widens(other, c) && !widens(other, a)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
  test('the difference is empty on the wider side if and only if nothing widens', () => {
    fc.assert(
      fc.property(anyCapabilities, anyCapabilities, (a, b) => {
        const { wider, narrower } = capabilityDifference(a, b);
        expect(wider.length > 0).toBe(widens(a, b));
        expect(narrower.length === 0 || widens(b, a)).toBe(true);
      }),
    );
  });
  test('more is asked for wherever two are joined', () => {
    fc.assert(
      fc.property(anyCapabilities, anyCapabilities, (a, b) => {
        const both = { ...a, read: [...a.read, ...b.read], env: [...a.env, ...b.env], native: true };
        expect(widens(both, a)).toBe(false);
      }),
    );
  });
});

test('a difference in words', () => {
  const before = capabilities({
    'fs.read': ['$project'],
    env: ['HOME'],
    tools: { greet: one, gone: one },
    'net.connect': ['api.example.com:443'],
  });
  const after = capabilities({
    'fs.read': ['$project/src', '$home/.ssh'],
    tools: { greet: two, fresh: one },
    'net.connect': ['*:443'],
    requests: ['sampling/createMessage'],
  });
  const { wider, narrower } = capabilityDifference(before, after);
  expect(wider.map(({ severity, text }) => `${severity}: ${text}`)).toEqual([
    'high: reads .ssh in your home folder',
    'high: connects to any public host, port 443',
    'high: changes the text of the tool greet',
    'medium: asks your model for answers',
    'medium: offers the tool fresh',
  ]);
  expect(narrower.map(({ text }) => text)).toEqual([
    'reads the folder of your project',
    'offers the tool gone',
    'sees the environment variable HOME',
  ]);
});

test('against no version before, everything is new but the default limits', () => {
  const { wider, narrower } = capabilityDifference(null, capabilities({ worker: true }));
  expect([wider.map(({ text }) => text), narrower]).toEqual([['starts worker threads'], []]);
});

describe('narrow', () => {
  const cases: Readonly<Record<string, readonly [JsonObject, CapabilityPolicy, JsonObject]>> = {
    'an empty policy allows all': [{ env: ['A'], native: true }, {}, { env: ['A'], native: true }],
    'an empty list allows nothing': [{ env: ['A'] }, { env: [] }, {}],
    'a home becomes a file': [
      { 'fs.read': ['$home'] },
      { read: ['$home/x', '/etc'] },
      { 'fs.read': ['$home/x'] },
    ],
    'what may not be read may not be written': [{ 'fs.write': ['$home'] }, { read: ['$data'] }, {}],
    'any program becomes git': [{ exec: ['*'] }, { exec: ['git'] }, { exec: ['git'] }],
    'git of any program': [{ exec: ['git'] }, { exec: ['*'] }, { exec: ['git'] }],
    'endpoints meet in host, port and methods': [
      { 'net.connect': ['GET,POST *.example.com:443'] },
      {
        connect: [
          { host: 'api.example.com', port: 0, methods: ['GET', 'PUT'] },
          { host: 'example.com', port: 443, methods: null },
          { host: '*', port: 80, methods: null },
        ],
      },
      { 'net.connect': ['GET api.example.com:443'] },
    ],
    'methods that have nothing in common': [
      { 'net.connect': ['GET example.com:443'] },
      { connect: [{ host: '*', port: 443, methods: ['POST'] }] },
      {},
    ],
    'any public host is not this machine': [
      { 'net.connect': ['localhost:80', '127.0.0.1:80'] },
      { connect: [{ host: '*', port: 0, methods: null }] },
      {},
    ],
    switches: [
      { native: true, worker: true, eval: true },
      { native: false, worker: true, eval: false },
      { worker: true },
    ],
    'a limit only falls': [
      { limits: { memoryMb: 100, cpuSeconds: 100 } },
      { limits: { memoryMb: 200, cpuSeconds: 10 } },
      { limits: { memoryMb: 100, cpuSeconds: 10 } },
    ],
    'tools by name': [{ tools: { a: one, b: two } }, { tools: ['b', 'c'] }, { tools: { b: two } }],
  };
  test.each(Object.entries(cases))('%s', (_name, [asked, policy, left]) => {
    expect(capabilitiesToJson(narrow(capabilities(asked), policy))).toEqual(left);
  });
  test('never widens, is a fixed point, and stays in force for what was narrowed before', () => {
    fc.assert(
      fc.property(anyCapabilities, anyPolicy, anyPolicy, (asked, policy, other) => {
        const left = narrow(asked, policy);
        expect(widens(asked, left)).toBe(false);
        expect(widens(left, narrow(left, policy))).toBe(false);
        expect(widens(narrow(left, policy), left)).toBe(false);
        expect(widens(left, narrow(narrow(asked, other), policy))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
  test('what is left is within the policy, reading through writing included', () => {
    fc.assert(
      fc.property(anyCapabilities, anyCapabilities, (asked, most) => {
        const left = narrow(asked, { ...most, tools: [], prompts: [] });
        const bound = { ...most, read: most.read, write: most.write };
        expect(widens(bound, { ...left, read: [] })).toBe(false);
        const readable = { ...noCapabilities, read: most.read };
        expect(widens(readable, { ...noCapabilities, read: [...left.read, ...left.write] })).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
  test('what is left can be written into a manifest', () => {
    fc.assert(
      fc.property(anyCapabilities, anyPolicy, (asked, policy) => {
        const left = narrow(asked, policy);
        expect(parseCapabilities(capabilitiesToJson(left))).toEqual(left);
      }),
    );
  });
});
