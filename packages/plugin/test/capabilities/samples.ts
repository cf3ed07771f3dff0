import { parseCapabilities, type Capabilities, type CapabilityPolicy } from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import * as fc from 'fast-check';

export const capabilities = (json: JsonObject = {}): Capabilities => parseCapabilities(json);

const roots = ['$data', '$project', '$home', '/etc', '/', '$home/.x', '$project/a', '$project/ab'];
const place = fc
  .tuple(fc.constantFrom(...roots), fc.array(fc.constantFrom('a', 'ab', 'b'), { maxLength: 2 }))
  .map(([root, rest]) => [root === '/' ? '' : root, ...rest].join('/') || '/');
const hosts = [
  'example.com',
  'api.example.com',
  '*.example.com',
  '*.api.example.com',
  'xexample.com',
  '*',
  'localhost',
  '127.0.0.1',
  '[::1]',
];
const endpoint = fc
  .tuple(fc.subarray(['GET', 'POST', 'HEAD']), fc.constantFrom(...hosts), fc.constantFrom('443', '80', '*'))
  .map(([methods, host, port]) => `${methods.length === 0 ? '' : `${methods.join(',')} `}${host}:${port}`);
const unique = (item: fc.Arbitrary<string>): fc.Arbitrary<string[]> => fc.uniqueArray(item, { maxLength: 4 });
const digests = fc.dictionary(
  fc.constantFrom('greet', 'list'),
  fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
);
const limits = fc.record(
  {
    memoryMb: fc.integer({ min: 16, max: 600 }),
    cpuSeconds: fc.integer({ min: 1, max: 100 }),
    callsPerMinute: fc.integer({ min: 1, max: 900 }),
  },
  { requiredKeys: [] },
);
const lists = {
  'fs.read': unique(place),
  'fs.write': unique(place),
  'net.connect': unique(endpoint),
  env: unique(fc.constantFrom('A', 'B', 'TOKEN')),
  exec: unique(fc.constantFrom('git', '/usr/bin/git', 'sh', '*')),
  requests: unique(fc.constantFrom('roots/list', 'sampling/createMessage')),
};

/** Few names, so that coverage and its edges happen often. */
export const anyCapabilities: fc.Arbitrary<Capabilities> = fc
  .record({
    ...lists,
    native: fc.boolean(),
    worker: fc.boolean(),
    eval: fc.boolean(),
    tools: digests,
    prompts: digests,
    limits,
  })
  .map(capabilities);

export const anyPolicy: fc.Arbitrary<CapabilityPolicy> = fc
  .tuple(
    anyCapabilities,
    fc.subarray([
      'read',
      'write',
      'connect',
      'env',
      'exec',
      'native',
      'worker',
      'eval',
      'tools',
      'prompts',
      'requests',
      'limits',
    ]),
  )
  .map(([most, chosen]) => ({
    ...Object.fromEntries(Object.entries(most).filter(([name]) => chosen.includes(name))),
    ...(chosen.includes('tools') ? { tools: [...most.tools.keys()] } : {}),
    ...(chosen.includes('prompts') ? { prompts: [...most.prompts.keys()] } : {}),
  }));
