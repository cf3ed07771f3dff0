// A tarball needs no npm at all: what it lacks, it is refused for.
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { parseManifest, treeHash, type PackOptions } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { file, tgz } from '../archive/tar-builder.ts';
import { archiveOf } from './registry.ts';
import { world } from './world.ts';

const { pack, path, fakeNpm } = world();
let next = 0;

async function tarball(bytes: Uint8Array): Promise<string> {
  const at = path(`given-${next++}.tgz`);
  await writeFile(at, bytes);
  return at;
}
const json = {
  name: '@scope/hello',
  version: '1.2.0',
  description: 'greets\nall',
  keywords: ['a', 'mcp'],
  main: './lib',
  bin: 'bin.js',
};
const files = { 'lib/index.js': 'x', 'bin.js': '#!/usr/bin/env node\n' };

test('closed as it is: published unchanged, byte for byte, and npm is not even started', async () => {
  await fakeNpm('exit 1');
  const bytes = tgz(
    file(
      'top/package.json',
      JSON.stringify({ ...json, scripts: { postinstall: 'evil', test: 'x' }, engines: { node: '>=20' } }),
    ),
    file('top/lib/index.js'),
    file('top/bin.js', 'x', 0o755),
  );
  const source = await tarball(bytes);
  const packed = await pack(source);
  expect(await readFile(packed.artifactFile)).toEqual(bytes);
  const { manifest } = packed;
  expect(manifest).toMatchObject({
    vendor: 'acme',
    plugin: 'hello',
    version: '1.2.0',
    description: 'greets all',
    artifact: {
      name: 'hello-1.2.0.tgz',
      originalName: source.slice(source.lastIndexOf('/') + 1),
      length: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    source: { type: 'tarball', name: '@scope/hello', integrity: null },
    stripPrefix: 'top/',
    kind: 'mcp',
    target: 'any',
    entry: { main: 'lib/index.js', bin: new Map([['hello', 'bin.js']]) },
    engines: new Map([['node', '>=20']]),
    lifecycleScripts: ['postinstall'],
    bundled: [],
  });
  expect(manifest.files.map(({ path, mode }) => [path, mode])).toEqual([
    ['bin.js', 0o755],
    ['lib/index.js', 0o644],
    ['package.json', 0o644],
  ]);
  expect(manifest.treeHash).toBe(treeHash(manifest.files));
  expect(parseManifest(packed.manifestBytes)).toEqual(manifest);
  expect(packed.keywords).toEqual(['a', 'mcp']);
  expect(packed.notes).toEqual(['its script postinstall is never run']);
  expect((await readdir(packed.output)).toSorted()).toEqual(['.keep', 'hello-1.2.0.tgz']);
});

test('dependencies that it carries inside count, and are listed', async () => {
  const source = await tarball(
    await archiveOf(
      {
        ...json,
        dependencies: { dep: '^1' },
        peerDependencies: { peer: '*' },
        peerDependenciesMeta: { peer: { optional: true } },
      },
      { ...files, 'node_modules/dep/package.json': '{"name":"dep","version":"1.0.0"}' },
    ),
  );
  expect((await pack(source)).manifest.bundled).toEqual([{ name: 'dep', version: '1.0.0', integrity: null }]);
});

test('optional dependencies are left out, and it says so', async () => {
  const optional = { optionalDependencies: { native: '1.0.0' }, dependencies: { native: '1.0.0' } };
  const { notes } = await pack(await tarball(await archiveOf({ ...json, ...optional }, files)));
  expect(notes).toEqual(['left out 1 optional package (native): choose a system for them with --target']);
});

test('ragv.json says what package.json cannot', async () => {
  const ragv = {
    name: 'other',
    description: 'else',
    keywords: ['k'],
    kind: 'node',
    entry: { main: 'bin.js', bin: {} },
    capabilities: { eval: true },
  };
  const packed = await pack(
    await tarball(await archiveOf(json, { ...files, 'ragv.json': JSON.stringify(ragv) })),
  );
  expect(packed.manifest).toMatchObject({
    plugin: 'other',
    description: 'else',
    kind: 'node',
    entry: { main: 'bin.js', bin: new Map() },
    capabilities: { eval: true },
  });
  expect(packed.keywords).toEqual(['k']);
});

test('what npm tolerates in package.json does no harm: a byte order mark, fractions, keys twice, wrong types', async () => {
  const text =
    '\ufeff{"name":"JSONStream","version":"1.0.0","x":1.5,"x":2,"keywords":"k","bin":[],"engines":["node"],"description":7,"dependencies":[]}';
  const bytes = tgz(file('package/package.json', text), file('package/index.js'));
  expect((await pack(await tarball(bytes))).manifest).toMatchObject({
    plugin: 'jsonstream',
    description: '',
    entry: { main: 'index.js' },
  });
});

const refused: Readonly<
  Record<
    string,
    readonly [code: string, bytes: Uint8Array | Promise<Uint8Array>, options?: Partial<PackOptions>]
  >
> = {
  'dependencies missing': ['DEPENDENCIES_MISSING', archiveOf({ ...json, dependencies: { a: '1', b: '1' } })],
  'peer missing': ['DEPENDENCIES_MISSING', archiveOf({ ...json, peerDependencies: { a: '1' } })],
  'no package.json': ['PACKAGE_JSON', tgz(file('package/index.js'))],
  'package.json that is no JSON': ['PACKAGE_JSON', tgz(file('package/package.json', '{'))],
  'package.json that is a list': ['PACKAGE_JSON', tgz(file('package/package.json', '[]'))],
  'no version': ['PACKAGE_JSON', archiveOf({ name: 'x' })],
  'version with build metadata': ['BAD_NAME', archiveOf({ ...json, version: '1.0.0+x' })],
  'name that is none': ['BAD_NAME', archiveOf({ ...json, name: '..' })],
  'name given that is none': ['BAD_NAME', archiveOf(json), { name: '../x' }],
  'two top folders': [
    'SOURCE_UNREADABLE',
    tgz(file('package/package.json', JSON.stringify(json)), file('other/x')),
  ],
  'no top folder': ['SOURCE_UNREADABLE', tgz(file('package.json', JSON.stringify(json)))],
  'a link inside': ['ARCHIVE_SYMLINK', tgz(file('package/package.json'), { name: 'package/x', type: '2' })],
  'no archive': ['ARCHIVE_MALFORMED', Buffer.alloc(100, 'x')],
  'ragv.json with a typing error': ['RAGV_JSON', archiveOf(json, { 'ragv.json': '{"knd":"mcp"}' })],
  'ragv.json with an entry that is missing': [
    'RAGV_JSON',
    archiveOf(json, { 'ragv.json': '{"entry":{"main":"x.js"}}' }),
  ],
  'ragv.json of another vendor': ['VENDOR_MISMATCH', archiveOf(json, { 'ragv.json': '{"vendor":"zeta"}' })],
  'no vendor anywhere': ['VENDOR_MISSING', archiveOf(json), { vendor: undefined }],
};

describe('refused, and nothing is left', () => {
  test.each(Object.entries(refused))('%s', async (_name, [code, bytes, options]) => {
    await fakeNpm('exit 1');
    await expect(pack(await tarball(await bytes), options)).rejects.toMatchObject({ code });
  });
  test('the command that puts missing dependencies inside is named', async () => {
    const source = await tarball(await archiveOf({ ...json, dependencies: { a: '1' } }));
    await expect(pack(source)).rejects.toHaveProperty(
      'hint',
      expect.stringContaining(`ragv publish ${source} --bundle`),
    );
  });
  test('a file that is not there', () =>
    expect(pack(path('nowhere.tgz'))).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' }));
});

test('the vendor of ragv.json is enough', async () => {
  const source = await tarball(await archiveOf(json, { 'ragv.json': '{"vendor":"zeta"}' }));
  expect((await pack(source, { vendor: undefined })).manifest.vendor).toBe('zeta');
});

const marker = ['-----BEGIN', 'PRIVATE KEY-----'].join(' ');
const secrets: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'env-file': ['.env', 'A=1'],
  npmrc: ['config/.npmrc', 'x=1'],
  'login-file': ['.netrc', 'machine x'],
  'ssh-key-file': ['keys/id_ed25519', 'x'],
  'private-key': ['lib/key.js', `const key = \`${marker}\n${'A'.repeat(40)}\`;`],
  'npm-token': ['lib/a.js', `const t = "npm_${'a1'.repeat(18)}";`],
  'github-token': ['lib/a.js', `const t = "ghp_${'a1'.repeat(18)}";`],
};

describe('secrets', () => {
  test.each(Object.entries(secrets))('%s', async (rule, [name, text]) =>
    expect(pack(await tarball(await archiveOf(json, { [name]: text })))).rejects.toThrow(`(rule ${rule})`),
  );
  test('examples and words about secrets are none', async () => {
    const harmless = {
      ...files,
      '.env.example': 'A=',
      'lib/pem.js': `if (text.startsWith("${marker}")) {}`,
      'a.md': 'npm_config_registry',
    };
    expect((await pack(await tarball(await archiveOf(json, harmless)))).manifest.files).toHaveLength(6);
  });
});
