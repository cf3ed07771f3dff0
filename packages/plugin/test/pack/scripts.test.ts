import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { archiveOf } from './registry.ts';
import { world } from './world.ts';

const { pack, path, fakeNpm } = world();
const json = { name: 'hello', version: '1.0.0', dependencies: { native: '1' } };

async function packed(packageJson: object, files: Readonly<Record<string, string>>): ReturnType<typeof pack> {
  await fakeNpm('exit 1'); // nothing of this may need npm
  await writeFile(path('hello.tgz'), await archiveOf(packageJson, files));
  return pack(path('hello.tgz'));
}

test('scripts of packages inside count as its own, also those of node-gyp that no package.json names', async () => {
  const { manifest, notes } = await packed(
    { ...json, scripts: { install: 'x', test: 'x' } },
    {
      'node_modules/native/package.json': JSON.stringify({ name: 'native', version: '1.0.0' }),
      'node_modules/native/binding.gyp': '{}',
      'node_modules/native/node_modules/@scope/deep/package.json': JSON.stringify({
        name: '@scope/deep',
        version: '1.0.0',
        scripts: { postinstall: 'x', prepare: 'only for git', test: 'x' },
      }),
      'node_modules/native/fixtures/package.json': JSON.stringify({
        name: 'none',
        version: '1.0.0',
        scripts: { postinstall: 'no package, npm runs nothing of it' },
      }),
    },
  );
  expect(manifest.lifecycleScripts).toEqual(['install', '@scope/deep:postinstall', 'native:install']);
  expect(notes).toEqual(['its scripts install, @scope/deep:postinstall, native:install are never run']);
});

test('a binding.gyp of its own is a script, unless package.json says otherwise', async () => {
  const gyp = { 'binding.gyp': '{}' };
  const plain = { name: 'hello', version: '1.0.0' };
  expect((await packed(plain, gyp)).manifest.lifecycleScripts).toEqual(['install']);
  expect((await packed({ ...plain, gypfile: false }, gyp)).manifest.lifecycleScripts).toEqual([]);
  const own = { ...plain, scripts: { install: 'prebuild-install' } };
  expect((await packed(own, gyp)).manifest.lifecycleScripts).toEqual(['install']);
});

test('evidence is named by ragv.json', async () => {
  const ragv = JSON.stringify({ format: 'ragnos-plugin/1', evidence: ['hello.cdx.json'] });
  const { manifest } = await packed({ name: 'hello', version: '1.0.0' }, { 'ragv.json': ragv });
  expect(manifest.evidence).toEqual(['hello.cdx.json']);
});

for (const [name, change] of Object.entries({
  'a name of two lines': { name: 'he\nllo' },
  'a name of 215 characters': { name: 'a'.repeat(215) },
  'a name with half a character': { name: 'hello\ud800' },
  'a version of two lines': { version: '1.0.0\n' },
}))
  test(`package.json with ${name}`, () =>
    expect(packed({ ...json, ...change }, {})).rejects.toMatchObject({ code: 'PACKAGE_JSON' }));
