import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sri, startRegistry, type Package } from './registry.ts';
import { contents, world } from './world.ts';

const { pack, folder, path, useRegistry } = world();

const leaf: Package = { json: { name: 'leaf', version: '1.0.0' } };
const newerLeaf: Package = { json: { name: 'leaf', version: '1.1.0' } };
const middle: Package = {
  json: {
    name: '@scope/middle',
    version: '2.0.0',
    dependencies: { leaf: '1.0.0' },
    scripts: { postinstall: 'exit 1' },
    bin: 'cli.js',
  },
  files: { 'cli.js': '#!/usr/bin/env node\n' },
};
const app: Package = {
  json: { name: '@acme/app', version: '3.1.0', dependencies: { '@scope/middle': '^2', leaf: '^1' } },
};

test('a package that needs nothing: fetched, compared with what the registry states, published unchanged', async () => {
  await using registry = await startRegistry(leaf, newerLeaf);
  useRegistry(registry.url);
  const packed = await pack('npm:leaf@~1.0');
  expect(await readFile(packed.artifactFile)).toEqual(Buffer.from(registry.archive('leaf', '1.0.0')));
  expect(packed.manifest).toMatchObject({
    plugin: 'leaf',
    version: '1.0.0',
    source: { type: 'npm', name: 'leaf@1.0.0', integrity: sri(registry.archive('leaf', '1.0.0')) },
    artifact: { originalName: 'leaf-1.0.0.tgz' },
  });
});

test('bundled: every byte is inside, none of it was executed; the lockfile gives the same bytes again', async () => {
  await using registry = await startRegistry(leaf, middle, app);
  useRegistry(registry.url);
  await expect(pack('npm:@acme/app')).rejects.toMatchObject({
    code: 'DEPENDENCIES_MISSING',
    hint: 'a plugin is closed; put them inside with: ragv publish npm:@acme/app --bundle',
  });
  const steps: string[] = [];
  const first = await pack('npm:@acme/app@3', { bundle: true, onProgress: (step) => steps.push(step) });
  expect([...(await contents(first)).keys()]).toEqual([
    'index.js',
    'node_modules/@scope/middle/cli.js',
    'node_modules/@scope/middle/package.json',
    'node_modules/leaf/index.js',
    'node_modules/leaf/package.json',
    'package.json',
  ]);
  expect((await contents(first)).get('node_modules/@scope/middle/cli.js')).toMatch(/^755/);
  expect(first.manifest.bundled.map(({ name, version }) => `${name}@${version}`)).toEqual([
    '@scope/middle@2.0.0',
    'leaf@1.0.0',
  ]);
  expect(first.notes[0]).toBe('bundled 2 packages: @scope/middle@2.0.0, leaf@1.0.0');
  expect(first.notes[1]).toContain('--lockfile');
  expect(steps).toHaveLength(3);
  const lockfile = first.lockfileWritten ?? '';
  expect(await readFile(lockfile, 'utf8')).not.toContain('"resolved"');

  await using later = await startRegistry(leaf, newerLeaf, middle, app); // a new version came out
  useRegistry(later.url);
  const umask = process.umask(0o077);
  process.env['TZ'] = 'Asia/Tokyo';
  try {
    const again = await pack('npm:@acme/app@3.1.0', { bundle: true, lockfile });
    expect(again.lockfileWritten).toBeNull();
    expect(again.manifestBytes).toEqual(first.manifestBytes);
  } finally {
    process.umask(umask);
  }
  const newest = await pack('npm:@acme/app@3.1.0', { bundle: true });
  expect(newest.manifest.bundled.map(({ name, version }) => `${name}@${version}`)).toContain('leaf@1.1.0');
}, 60_000);

test('a folder: its lockfile is followed, one is written where there is none, its node_modules are not believed', async () => {
  await using registry = await startRegistry(leaf, newerLeaf);
  useRegistry(registry.url);
  const json = { name: 'mine', version: '1.0.0', dependencies: { leaf: '^1' }, bundleDependencies: ['leaf'] };
  const source = await folder({
    'package.json': json,
    'node_modules/leaf/index.js': 'evil',
    'node_modules/leaf/package.json': { name: 'leaf', version: '1.0.0' },
  });
  const first = await pack(source);
  expect(first.lockfileWritten).toBe(join(source, 'package-lock.json'));
  expect((await contents(first)).get('node_modules/leaf/index.js')).toBe('644 export {};\n');
  expect(first.manifest.bundled).toMatchObject([{ name: 'leaf', version: '1.1.0' }]);
  const second = await pack(source);
  expect(second.lockfileWritten).toBeNull();
  expect(second.manifestBytes).toEqual(first.manifestBytes);

  const text = await readFile(join(source, 'package-lock.json'), 'utf8');
  const address = `http://127.0.0.1:9/leaf/-/leaf-1.1.0.tgz`;
  await writeFile(
    join(source, 'package-lock.json'),
    text.replace('"integrity"', `"resolved":"${address}","integrity"`),
  );
  expect((await pack(source)).manifestBytes, 'an address in the lockfile is not followed').toEqual(
    first.manifestBytes,
  );
  await writeFile(
    join(source, 'package-lock.json'),
    text.replace('"integrity"', '"resolved":"https://x/evil.tgz","integrity"'),
  );
  await expect(pack(source)).rejects.toMatchObject({ code: 'DEPENDENCY_SOURCE' });
  await writeFile(join(source, 'package-lock.json'), text.replace(/sha512-.{4}/, 'sha512-AAAA'));
  await expect(pack(source)).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' });
  await writeFile(
    join(source, 'package-lock.json'),
    text.replace(/"integrity": "[^"]*"/, '"integrity": "sha1-x"'),
  );
  await expect(pack(source)).rejects.toMatchObject({ code: 'DEPENDENCY_SOURCE' });
  await writeFile(
    join(source, 'package-lock.json'),
    JSON.stringify({ ...Object(JSON.parse(text)), packages: {} }),
  );
  await expect(pack(source)).rejects.toMatchObject({ code: 'LOCKFILE_MISMATCH' });
  await writeFile(join(source, 'package-lock.json'), '{"lockfileVersion":1,"dependencies":{}}');
  await expect(pack(source)).rejects.toMatchObject({ code: 'LOCKFILE_MISMATCH' });
}, 90_000);

test('a dependency of a dependency that is not of the registry', async () => {
  await using registry = await startRegistry(leaf, {
    json: { name: 'sly', version: '1.0.0', dependencies: { leaf: 'git+https://127.0.0.1:9/x.git' } },
  });
  useRegistry(registry.url);
  const source = await folder({
    'package.json': { name: 'mine', version: '1.0.0', dependencies: { sly: '1' } },
  });
  await expect(pack(source)).rejects.toMatchObject({ code: 'DEPENDENCY_SOURCE' });
}, 30_000);

test('optional parts are those of the target system, whatever this machine is', async () => {
  const native = (os: string, cpu: string): Package => ({
    json: { name: `native-${os}-${cpu}`, version: '1.0.0', os: [os], cpu: [cpu] },
  });
  const withNative: Package = {
    json: {
      name: 'with-native',
      version: '1.0.0',
      optionalDependencies: { 'native-linux-arm64': '1.0.0', 'native-win32-x64': '1.0.0' },
    },
  };
  await using registry = await startRegistry(native('linux', 'arm64'), native('win32', 'x64'), withNative);
  useRegistry(registry.url);
  const packed = await pack('npm:with-native', { bundle: true, target: 'win32-x64' });
  expect(packed.manifest.target).toBe('win32-x64');
  expect(packed.manifest.bundled.map(({ name }) => name)).toEqual(['native-win32-x64']);
  await expect(pack('npm:with-native', { bundle: true, target: 'plan9-vax' })).rejects.toMatchObject({
    code: 'BAD_TARGET_SYSTEM',
  });
}, 30_000);

test('a package that carries packages of its own, and one under another name', async () => {
  const carrier: Package = {
    json: { name: 'carrier', version: '1.0.0', dependencies: { inner: '1' }, bundleDependencies: ['inner'] },
    files: { 'node_modules/inner/package.json': '{"name":"inner","version":"1.2.3"}' },
  };
  const uses: Package = {
    json: { name: 'uses', version: '1.0.0', dependencies: { carrier: '1', alias: 'npm:leaf@1.0.0' } },
  };
  await using registry = await startRegistry(leaf, carrier, uses);
  useRegistry(registry.url);
  const first = await pack('npm:uses', { bundle: true });
  expect(first.manifest.bundled).toEqual([
    { name: 'carrier', version: '1.0.0', integrity: sri(registry.archive('carrier', '1.0.0')) },
    { name: 'inner', version: '1.2.3', integrity: sri(registry.archive('carrier', '1.0.0')) },
    { name: 'leaf', version: '1.0.0', integrity: sri(registry.archive('leaf', '1.0.0')) },
  ]);
  const lockfile = first.lockfileWritten ?? '';
  expect((await pack('npm:uses', { bundle: true, lockfile })).manifestBytes).toEqual(first.manifestBytes);
}, 30_000);

test('bytes that are not those which the registry states', async () => {
  await using registry = await startRegistry({ ...leaf, integrity: `sha512-${'A'.repeat(86)}==` });
  useRegistry(registry.url);
  await expect(pack('npm:leaf')).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' });
}, 60_000);

test('what the registry does not have', async () => {
  await using registry = await startRegistry(leaf);
  useRegistry(registry.url);
  await expect(pack('npm:nothing')).rejects.toMatchObject({ code: 'NO_SUCH_PACKAGE' });
  await expect(pack('npm:leaf@9')).rejects.toMatchObject({ code: 'NO_SUCH_PACKAGE' });
}, 30_000);

describe('specifiers that are not names of the registry', () => {
  test.each([
    '',
    '.',
    '..',
    './x',
    '/etc',
    '--registry=x',
    '-g',
    'x.tgz',
    'x@../y',
    'x@file:y',
    'x@.',
    'x@https://y',
    'a/b',
    'x@a/b',
    'git+ssh://x',
    'x@npm:y',
    'x@>=1; rm',
    '@x',
    '@x/',
    `x@${' '.repeat(400)}1`,
  ])('%j', async (spec) => {
    process.env['PATH'] = path('nowhere'); // npm must not be asked
    await expect(pack(`npm:${spec}`)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });
});
