import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRegistry, type Package } from './registry.ts';
import { contents, world } from './world.ts';

const { pack, folder, useRegistry } = world();

const leaf: Package = { json: { name: 'leaf', version: '1.0.0' } };
const newerLeaf: Package = { json: { name: 'leaf', version: '1.1.0' } };
const mine = (dependencies: object): object => ({ name: 'mine', version: '1.0.0', dependencies });

test('a lockfile is never stepped beyond: not to another version, not to a package that it does not list', async () => {
  await using registry = await startRegistry(leaf, newerLeaf, { json: { name: 'extra', version: '1.0.0' } });
  useRegistry(registry.url);
  const source = await folder({ 'package.json': mine({ leaf: '1.0.0' }) });
  const first = await pack(source);
  const locked = await readFile(join(source, 'package-lock.json'), 'utf8');

  for (const dependencies of [{ leaf: '^1.1.0' }, { leaf: '1.0.0', extra: '1' }]) {
    await writeFile(join(source, 'package.json'), JSON.stringify(mine(dependencies)));
    await expect(pack(source)).rejects.toMatchObject({ code: 'LOCKFILE_MISMATCH' });
    expect(await readFile(join(source, 'package-lock.json'), 'utf8')).toBe(locked);
  }

  await writeFile(join(source, 'package.json'), JSON.stringify(mine({ leaf: '^1.0.0' })));
  const wider = await pack(source);
  expect(wider.manifest.bundled).toEqual(first.manifest.bundled);
}, 60_000);

test('optional packages of bundled packages that stay out are named', async () => {
  const native = (os: string): Package => ({
    json: { name: `native-${os}`, version: '1.0.0', os: [os], cpu: ['x64'] },
  });
  const builder: Package = {
    json: {
      name: 'builder',
      version: '1.0.0',
      scripts: { postinstall: 'exit 1' },
      optionalDependencies: { 'native-linux': '1.0.0', 'native-win32': '1.0.0' },
    },
  };
  await using registry = await startRegistry(builder, native('linux'), native('win32'));
  useRegistry(registry.url);
  const source = await folder({ 'package.json': mine({ builder: '1' }) });
  const plain = await pack(source);
  expect(plain.notes).toContain(
    'left out 2 optional packages (native-linux, native-win32): choose a system for them with --target',
  );
  expect(plain.manifest).toMatchObject({ target: 'any', lifecycleScripts: ['builder:postinstall'] });

  const linux = await pack(source, { target: 'linux-x64' });
  expect(linux.manifest.target).toBe('linux-x64');
  expect([...(await contents(linux)).keys()].filter((name) => name.includes('native-'))).toEqual([
    'node_modules/native-linux/index.js',
    'node_modules/native-linux/package.json',
  ]);
}, 60_000);

test('what a bundled package carries inside came with its bytes', async () => {
  const carrier: Package = {
    json: {
      name: 'carrier',
      version: '1.0.0',
      dependencies: { leaf: '1.0.0' },
      bundleDependencies: ['leaf'],
    },
    files: {
      'index.js': 'x',
      'node_modules/leaf/package.json': '{"name":"leaf","version":"1.0.0"}',
      'node_modules/leaf/own.js': 'not that of the registry',
    },
  };
  await using registry = await startRegistry(carrier, leaf);
  useRegistry(registry.url);
  const source = await folder({ 'package.json': mine({ carrier: '1' }) });
  const first = await pack(source);
  expect([...(await contents(first)).keys()]).toContain('node_modules/carrier/node_modules/leaf/own.js');
  const [outer, inner] = first.manifest.bundled;
  expect([outer?.name, inner?.name]).toEqual(['carrier', 'leaf']);
  expect(inner?.integrity).toBe(outer?.integrity);
  expect((await pack(source)).manifestBytes).toEqual(first.manifestBytes);
}, 60_000);
