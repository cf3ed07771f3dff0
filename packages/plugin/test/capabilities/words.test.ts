import { describeCapabilities, type Severity } from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyCapabilities, capabilities } from './samples.ts';

const one = 'a'.repeat(64);
const said: readonly (readonly [JsonObject, Severity, string])[] = [
  [{ 'fs.read': ['$data'] }, 'low', 'reads its own folder'],
  [{ 'fs.read': ['$temp/x'] }, 'low', 'reads x in a temporary folder of its own'],
  [{ 'fs.read': ['$project'] }, 'medium', 'reads the folder of your project'],
  [{ 'fs.read': ['$chosen'] }, 'medium', 'reads the folders that you choose'],
  [{ 'fs.read': ['$home'] }, 'high', 'reads your home folder'],
  [{ 'fs.read': ['$home/notes'] }, 'medium', 'reads notes in your home folder'],
  [{ 'fs.read': ['$home/.aws/credentials'] }, 'high', 'reads .aws/credentials in your home folder'],
  [{ 'fs.read': ['$home/.ssh'] }, 'high', 'reads .ssh in your home folder'],
  [{ 'fs.read': ['/'] }, 'high', 'reads every file of this machine (/)'],
  [{ 'fs.read': ['C:/'] }, 'high', 'reads every file of this machine (C:/)'],
  [{ 'fs.read': ['/etc/hosts'] }, 'medium', 'reads /etc/hosts'],
  [{ 'fs.read': ['/proc/self/environ'] }, 'high', 'reads /proc/self/environ'],
  [{ 'fs.write': ['$data'] }, 'low', 'reads and changes its own folder'],
  [{ 'fs.write': ['$project/dist'] }, 'medium', 'reads and changes dist in the folder of your project'],
  [{ 'fs.write': ['$home/.bashrc'] }, 'high', 'reads and changes .bashrc in your home folder'],
  [{ 'fs.write': ['/var/log'] }, 'high', 'reads and changes /var/log'],
  [{ 'net.connect': ['api.example.com:443'] }, 'medium', 'connects to api.example.com, port 443'],
  [{ 'net.connect': ['*.example.org:*'] }, 'medium', 'connects to any host below example.org, any port'],
  [{ 'net.connect': ['*:443'] }, 'high', 'connects to any public host, port 443'],
  [{ 'net.connect': ['localhost:5432'] }, 'medium', 'connects to this machine (localhost), port 5432'],
  [{ 'net.connect': ['[::1]:*'] }, 'high', 'connects to this machine (::1), any port'],
  [
    { 'net.connect': ['GET,HEAD a.example:443'] },
    'medium',
    'connects to a.example, port 443 (only GET, HEAD)',
  ],
  [{ env: ['LANG'] }, 'low', 'sees the environment variable LANG'],
  [{ env: ['GITHUB_TOKEN'] }, 'high', 'sees the environment variable GITHUB_TOKEN'],
  [{ env: ['OPENAI_API_KEY'] }, 'high', 'sees the environment variable OPENAI_API_KEY'],
  [{ env: ['KEYBOARD'] }, 'low', 'sees the environment variable KEYBOARD'],
  [{ env: ['NODE_OPTIONS'] }, 'high', 'sees the environment variable NODE_OPTIONS'],
  [{ exec: ['git'] }, 'medium', 'starts the program git'],
  [{ exec: ['/bin/sh'] }, 'high', 'starts /bin/sh, which can start anything'],
  [{ exec: ['*'] }, 'high', 'starts any program'],
  [{ native: true }, 'high', 'loads native code'],
  [{ worker: true }, 'low', 'starts worker threads'],
  [{ eval: true }, 'medium', 'makes code from text'],
  [{ tools: { greet: one } }, 'low', 'offers the tool: greet'],
  [{ tools: { greet: one, bye: one } }, 'low', 'offers 2 tools: bye, greet'],
  [{ prompts: { hello: one } }, 'low', 'offers the prompt: hello'],
  [{ requests: ['sampling/createMessage'] }, 'medium', 'asks your model for answers'],
  [{ requests: ['elicitation/create'] }, 'medium', 'asks you for input'],
  [{ requests: ['roots/list'] }, 'low', 'asks which folders you work in'],
  [{ limits: { memoryMb: 512 } }, 'low', 'uses up to 512 MB of memory'],
  [{ limits: { cpuSeconds: 61 } }, 'low', 'uses up to 61 seconds of processor time'],
  [{ limits: { callsPerMinute: 1 } }, 'low', 'answers up to 1 calls a minute'],
];
test.each(said)('%j', (json, severity, text) => {
  expect(describeCapabilities(capabilities(json))).toMatchObject([{ severity, text }]);
});

test('what may be written is not said to be read once more', () => {
  const both = capabilities({ 'fs.write': ['$project'], 'fs.read': ['$project/src', '$data'] });
  expect(describeCapabilities(both).map(({ text }) => text)).toEqual([
    'reads and changes the folder of your project',
    'reads its own folder',
  ]);
});

test('nothing is asked for: nothing is said, also of limits that are the default', () => {
  expect(describeCapabilities(capabilities({ limits: { memoryMb: 256 } }))).toEqual([]);
});

test('the gravest first, whatever the order in which they were written', () => {
  const texts = (json: JsonObject): readonly string[] =>
    describeCapabilities(capabilities(json)).map(({ text }) => text);
  const sentences = [
    'starts any program',
    'loads native code',
    'starts the program git',
    'sees the environment variable A',
  ];
  expect(texts({ env: ['A'], native: true, exec: ['git', '*'] })).toEqual(sentences);
  expect(texts({ exec: ['*', 'git'], native: true, env: ['A'] })).toEqual(sentences);
});

test('every sentence is one line that a terminal can show', () => {
  fc.assert(
    fc.property(anyCapabilities, (any) => {
      for (const { text } of describeCapabilities(any)) expect(text).toMatch(/^[a-z][^\p{C}]+$/u);
    }),
  );
});
