// MCP bundles: published byte for byte, their manifest mapped to ours or refused with a reason.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { parseManifest, type Packed, type PackOptions } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { file, zip } from '../archive/zip-builder.ts';
import { bundle, bundleManifest, type Content } from './as-is.ts';
import { world } from './world.ts';

const { pack, path, fakeNpm } = world();
let next = 0;

async function packed(
  bytes: Uint8Array,
  options: Partial<PackOptions> = {},
  ending = 'mcpb',
): Promise<Packed> {
  const source = path(`given-${next++}.${ending}`);
  await writeFile(source, bytes);
  return pack(source, options);
}
const { server } = bundleManifest;
const started = (config: object, type = 'node') => ({
  server: { ...server, type, mcp_config: { ...server.mcp_config, ...config } },
});

test('published as it is, and npm is not even started', async () => {
  await fakeNpm('exit 1');
  const bytes = bundle();
  const { manifest, manifestBytes, artifactFile, keywords, notes } = await packed(bytes);
  expect(await readFile(artifactFile)).toEqual(bytes);
  expect(parseManifest(manifestBytes)).toEqual(manifest);
  expect(manifest).toMatchObject({
    vendor: 'acme',
    plugin: 'greeter',
    version: '1.2.0',
    description: 'greets',
    artifact: { name: 'greeter-1.2.0.mcpb', mediaType: 'application/zip', length: bytes.length },
    source: { type: 'mcpb', name: 'Greeter@1.2.0' },
    stripPrefix: '',
    kind: 'mcp',
    runtime: 'node',
    target: 'any',
    capabilities: { 'fs.read': ['$chosen'], 'fs.write': ['$chosen'], env: ['TOKEN'] },
    lifecycleScripts: [],
  });
  expect(manifest.files.map((item) => item.path)).toEqual(['icon.png', 'manifest.json', 'server/index.js']);
  expect([...manifest.engines]).toEqual([['node', '>=20']]);
  expect([...manifest.entry.bin]).toEqual([['greeter', 'server/index.js']]);
  expect(manifest.entry.launch?.args).toEqual(['--root', '${user_config.folders}', '--home=${HOME}']);
  expect(manifest.entry.launch?.settings.get('token')).toMatchObject({ sensitive: true, required: false });
  expect(manifest.entry.offers).toEqual(new Map([['tools', ['greet', 'wave']]]));
  expect(keywords).toEqual(['hello']);
  expect(notes).toEqual(['it has settings: folders, token']);
});

test('a bundle that needs nothing asks for nothing, also under its old name', async () => {
  const plain = bundle({
    user_config: {},
    tools: undefined,
    ...started({ args: ['server/index.js'], env: {} }),
  });
  const { manifest } = await packed(plain, { name: 'hello' }, 'dxt');
  expect(manifest).toMatchObject({
    plugin: 'hello',
    capabilities: {},
    artifact: { name: 'hello-1.2.0.mcpb' },
  });
  expect(manifest.entry).toEqual({
    main: null,
    bin: new Map([['hello', 'server/index.js']]),
    offers: new Map(),
  });
});

test('a Python server and a program', async () => {
  const python = bundle(started({ command: 'python3', args: ['${__dirname}/server/main.py'] }, 'python'), {
    'server/main.py': '',
    'server/lib/fast.so': '',
  });
  expect((await packed(python)).manifest).toMatchObject({
    runtime: 'python',
    capabilities: { native: true },
  });
  const binary = started({ command: '${__dirname}/server/run', args: ['--fast'] }, 'binary');
  const program = await packed(bundle(binary, { 'server/run': '#!/bin/sh\n' }, ['server/run']));
  expect(program.manifest.runtime).toBe('executable');
  expect(program.manifest.files.find((item) => item.path === 'server/run')?.mode).toBe(0o755);
  expect(program.manifest.entry.launch?.args).toEqual(['--fast']);
});

test('one that starts differently on some system is published for one of them', async () => {
  const overrides = { platform_overrides: { win32: { args: ['server/windows.js'] } } };
  const bytes = bundle(started(overrides), { 'server/windows.js': '' });
  await expect(packed(bytes)).rejects.toMatchObject({ code: 'PACKAGE_UNSUPPORTED' });
  const windows = (await packed(bytes, { target: 'win32-x64' })).manifest;
  expect([windows.target, [...windows.entry.bin.values()]]).toEqual(['win32-x64', ['server/windows.js']]);
  const linux = (await packed(bytes, { target: 'linux-x64' })).manifest;
  expect([...linux.entry.bin.values()]).toEqual(['server/index.js']);
  const only = (
    await packed(bundle({ ...started(overrides), compatibility: { platforms: ['darwin', 'linux'] } }))
  ).manifest;
  expect(only.target).toBe('darwin,linux');
});

test('a secret on the command line is said', async () =>
  expect(
    (await packed(bundle(started({ args: ['server/index.js', '${user_config.token}'] })))).notes[0],
  ).toMatch(/its secret token .* command line/));

type Refused = readonly [code: string, change: object, content?: Content, options?: Partial<PackOptions>];
const refused: Readonly<Record<string, Refused>> = {
  'no manifest.json': ['PACKAGE_MANIFEST', {}, { 'manifest.json': null }],
  'manifest.json that is none': ['PACKAGE_JSON', {}, { 'manifest.json': '[]' }],
  'no name': ['PACKAGE_MANIFEST', { name: undefined }],
  'no version': ['PACKAGE_MANIFEST', { version: 1 }],
  'a name that ours cannot be': ['PLUGIN_NAME', { name: 'My Greeter' }],
  'a version that is not SemVer': ['PLUGIN_VERSION', { version: '1.2' }],
  'no server': ['PACKAGE_MANIFEST', { server: undefined }],
  'a server of another type': ['PACKAGE_MANIFEST', started({}, 'wasm')],
  'a server that uv resolves': ['PACKAGE_UNSUPPORTED', started({ command: 'uv' }, 'uv')],
  'a server that npx fetches': ['PACKAGE_UNSUPPORTED', started({ command: 'npx', args: ['-y', 'greeter'] })],
  'a server in a shell': [
    'PACKAGE_UNSUPPORTED',
    started({ command: 'sh', args: ['-c', 'node server/index.js'] }),
  ],
  'a Node of its own': ['PACKAGE_UNSUPPORTED', started({ command: '${__dirname}/node' })],
  'flags of Node': ['PACKAGE_UNSUPPORTED', started({ args: ['--require', './x.js', 'server/index.js'] })],
  'a module of Python': [
    'PACKAGE_UNSUPPORTED',
    started({ command: 'python', args: ['-m', 'greeter'] }, 'python'),
  ],
  'an entry that is not inside': ['PACKAGE_UNSUPPORTED', started({ args: ['${__dirname}/server/main.js'] })],
  'an entry that climbs': ['PACKAGE_UNSUPPORTED', started({ args: ['${__dirname}/../index.js'] })],
  'an entry elsewhere': ['PACKAGE_UNSUPPORTED', started({ args: ['${HOME}/index.js'] })],
  'a program of the system': ['PACKAGE_UNSUPPORTED', started({ command: '/bin/sh' }, 'binary')],
  'a program that is not marked as one': [
    'PACKAGE_UNSUPPORTED',
    started({ command: '${__dirname}/server/index.js' }, 'binary'),
  ],
  'an argument that is no text': ['PACKAGE_UNSUPPORTED', started({ args: ['server/index.js', 8080] })],
  'arguments that are no list': ['PACKAGE_UNSUPPORTED', started({ args: 'server/index.js' })],
  'an argument of several lines': ['PACKAGE_UNSUPPORTED', started({ args: ['server/index.js', 'a\nb'] })],
  'an argument that is too long': [
    'PACKAGE_UNSUPPORTED',
    started({ args: ['server/index.js', 'a'.repeat(5000)] }),
  ],
  'a variable that is no text': ['PACKAGE_UNSUPPORTED', started({ env: { PORT: 8080 } })],
  'a variable that is too long': ['PACKAGE_UNSUPPORTED', started({ env: { KEY: 'a'.repeat(2000) } })],
  'a variable that nobody knows': ['PACKAGE_MANIFEST', started({ env: { PATH: '${PATH}' } })],
  'a setting that is not declared': [
    'PACKAGE_MANIFEST',
    started({ args: ['server/index.js', '${user_config.x}'] }),
  ],
  'a setting of no type': ['PACKAGE_MANIFEST', { user_config: { folders: { type: 'secret' } } }],
  'an environment variable that is none': ['BAD_FORMAT', started({ env: { 'A B': 'x' } })],
  'a secret inside': ['SECRET_IN_PACKAGE', {}, { '.env': 'TOKEN=x' }],
  'more to be put inside': ['PACKAGE_UNSUPPORTED', {}, {}, { bundle: true }],
  'a system of no such name': ['BAD_TARGET_SYSTEM', {}, {}, { target: 'linux-x64,any' }],
  'a system that it is not made for': [
    'PACKAGE_UNSUPPORTED',
    { compatibility: { platforms: ['darwin'] } },
    {},
    { target: 'linux-x64' },
  ],
  'no vendor': ['VENDOR_MISSING', {}, {}, { vendor: undefined }],
};
describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (_name, [code, change, content, options]) => {
    const output = path(`out-${next}`);
    await expect(packed(bundle(change, content), options)).rejects.toMatchObject({ code });
    await expect(readdir(output)).rejects.toThrow('ENOENT');
  });
  test('an archive that the reader refuses', async () =>
    expect(packed(zip([file('../manifest.json')]))).rejects.toMatchObject({ code: 'PATH_TRAVERSAL' }));
  test('a file that is not there', async () =>
    expect(pack(path('nothing.mcpb'))).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' }));
});
