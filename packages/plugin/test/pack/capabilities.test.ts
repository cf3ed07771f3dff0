/** What the manifest says of capabilities, by who stated them. */
import { expect, test } from 'vitest';
import { world } from './world.ts';

const { pack, folder } = world();
const json = { name: 'hello', version: '1.0.0' };
const code = `require('child_process').spawn('git', [process.env.TOKEN])`;

test('nobody stated any: what the code uses, and a note', async () => {
  const { manifest, notes } = await pack(await folder({ 'package.json': json, 'index.js': code }));
  expect(manifest.capabilities).toEqual({ exec: ['git'], env: ['TOKEN'] });
  expect(notes).toEqual([
    'declares what its code uses: sees the environment variable TOKEN; starts the program git',
  ]);
});

test('nothing is used: nothing is declared, and nothing said', async () => {
  const { manifest, notes } = await pack(await folder({ 'package.json': json, 'index.js': '1' }));
  expect([manifest.capabilities, notes]).toEqual([{}, []]);
});

test('an empty statement is one, and strict', async () => {
  const source = await folder({ 'package.json': json, 'index.js': code, 'ragv.json': { capabilities: {} } });
  await expect(pack(source)).rejects.toMatchObject({
    code: 'CAPABILITY_UNDECLARED',
    message:
      'index.js:1: child_process.spawn starts the program git, and exec does not declare it; index.js:1: process.env.TOKEN sees the environment variable TOKEN, and env does not declare it',
    hint: 'if it is meant, add to "capabilities" in ragv.json: {"env":["TOKEN"],"exec":["git"]}',
  });
});

test('a ragv.json that says nothing of capabilities is no statement', async () => {
  const source = await folder({ 'package.json': json, 'index.js': code, 'ragv.json': { kind: 'node' } });
  expect((await pack(source)).manifest.capabilities).toEqual({ exec: ['git'], env: ['TOKEN'] });
});

test('more may be stated than is used', async () => {
  const stated = {
    'fs.read': ['$project'],
    env: ['TOKEN', 'OTHER'],
    exec: ['git'],
    limits: { memoryMb: 64 },
  };
  const source = await folder({
    'package.json': json,
    'index.js': code,
    'ragv.json': { capabilities: stated },
  });
  const { manifest, notes } = await pack(source);
  expect([manifest.capabilities, notes]).toEqual([stated, []]);
});

test('code that nobody could read is declared as code from text, and named', async () => {
  const { manifest, notes } = await pack(await folder({ 'package.json': json, 'index.js': 'let let' }));
  expect(manifest.capabilities).toEqual({ eval: true });
  expect(notes[0]).toBe('declares what its code uses: makes code from text');
  expect(notes[1]).toMatch(/^index\.js counts as code made from text: it cannot be parsed: /);
});

test('what nothing started reaches is said, and not declared', async () => {
  const source = await folder({
    'package.json': json,
    'index.js': `require('./lib/a')`,
    'lib/a.js': code,
    'scripts/build.js': `require('fs').writeFileSync(x)`,
    'scripts/old.js': '1',
  });
  const { manifest, notes } = await pack(source);
  expect(manifest.capabilities).toEqual({ exec: ['git'], env: ['TOKEN'] });
  expect(notes.slice(1)).toEqual([
    '2 programs are reached by nothing that is started, and not declared for: reads and changes the folder of your project',
  ]);
});

test('a library that nothing is started of uses nothing', async () => {
  const { manifest, notes } = await pack(await folder({ 'package.json': json, 'data.json': {} }));
  expect([manifest.entry.main, manifest.capabilities, notes]).toEqual([null, {}, []]);
});

test('a folder for Claude: what it starts stands in its texts, so all of its own programs count', async () => {
  const source = await folder({
    '.claude-plugin/plugin.json': { name: 'hello', version: '1.0.0' },
    'hooks/after': `#!/usr/bin/env node\n${code}`,
    LICENSE: 'no program',
  });
  expect((await pack(source)).manifest.capabilities).toEqual({ exec: ['git'], env: ['TOKEN'] });
});

test('hidden characters are refused whoever packs', async () => {
  const source = await folder({ 'package.json': json, 'a.js': `x = '\u202e'` });
  await expect(pack(source)).rejects.toMatchObject({ code: 'HIDDEN_CHARACTERS' });
});
