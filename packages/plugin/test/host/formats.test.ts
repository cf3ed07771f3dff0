// Bundles, extensions and wheels on a host: installed, verified, run, repaired and handed out; lies about them refused.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filePath, pack, serializeManifest, treeHash, vendorName, type PluginManifest } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { bundle, bundleManifest, extension, wheel } from '../pack/as-is.ts';
import { agreed, codeOf, sha256, tempFolder, World, type Built } from './world.ts';

/** To the prompts and tools that these declare. */

async function built(
  name: string,
  bytes: Uint8Array,
  change: (manifest: PluginManifest) => PluginManifest = (manifest) => manifest,
): Promise<Built> {
  const folder = tempFolder();
  const source = join(folder, name);
  writeFileSync(source, bytes);
  const packed = await pack(source, { vendor: vendorName('acme'), output: tempFolder() });
  const manifest = change(packed.manifest);
  return { manifest, manifestBytes: serializeManifest(manifest), archive: readFileSync(packed.artifactFile) };
}

test('a bundle: installed, verified, run with its settings, repaired', async () => {
  const world = await World.create();
  const bytes = bundle();
  world.publishBuilt(await built('greeter.mcpb', bytes));
  const host = await world.host();
  expect(await host.install('acme/greeter', agreed)).toMatchObject({
    version: '1.2.0',
    files: 3,
    changed: true,
  });
  expect(await host.verify('acme/greeter')).toMatchObject([{ ok: true, files: 3 }]);
  expect(await codeOf(host.run('acme/greeter', []))).toBe('SETTING_MISSING'); // no folders were named
  const settings = new Map([['folders', ['/a', '/b c']]]);
  process.env['TOKEN'] = 'of the host';
  const ran = await host.run('acme/greeter', ['more'], { stdio: 'pipe', settings });
  delete process.env['TOKEN'];
  expect(JSON.parse(ran.stdout)).toEqual({
    args: ['--root', '/a', '/b c', `--home=${process.env['HOME'] ?? ''}`, 'more'],
    token: 'of the host',
    level: '3',
  });
  const [installed] = (await host.list()).filter(({ plugin }) => plugin === 'greeter');
  const entry = join(installed?.folder ?? '', 'server', 'index.js');
  chmodSync(entry, 0o644);
  writeFileSync(entry, 'evil()');
  expect(await codeOf(host.run('acme/greeter', [], { settings }))).toBe('TREE_CHANGED');
  expect(await host.verify('acme/greeter', { repair: true })).toMatchObject([{ ok: true, repaired: true }]);
  const { bytes: handed, manifest } = await host.artifact('acme/greeter');
  expect([sha256(handed), manifest.artifact.originalName]).toEqual([sha256(bytes), 'greeter.mcpb']);
});

test('a program of a bundle keeps the mode that it has there', async () => {
  const world = await World.create();
  const { server } = bundleManifest;
  const mcp_config = { command: '${__dirname}/server/run', args: ['hello'] };
  const bytes = bundle(
    { user_config: {}, server: { ...server, type: 'binary', mcp_config } },
    { 'server/run': '#!/bin/sh\necho "$1 from a program"\n' },
    ['server/run'],
  );
  world.publishBuilt(await built('greeter.mcpb', bytes));
  const host = await world.host();
  await host.install('acme/greeter', agreed);
  expect((await host.run('acme/greeter', [], { stdio: 'pipe' })).stdout).toBe('hello from a program\n');
});

test('an extension and a wheel: installed and verified, and not run by us', async () => {
  const world = await World.create();
  const given = { 'x.vsix': extension(), 'tool-1.0-py3-none-any.whl': wheel() };
  for (const [name, bytes] of Object.entries(given)) world.publishBuilt(await built(name, bytes));
  const host = await world.host();
  for (const name of ['theme', 'tool']) {
    expect(await host.install(`acme/${name}`, agreed)).toMatchObject({ changed: true });
    expect(await host.verify(`acme/${name}`)).toMatchObject([{ ok: true }]);
    expect(await codeOf(host.run(`acme/${name}`, []))).toBe('NO_SUCH_COMMAND');
    const { bytes, manifest } = await host.artifact(`acme/${name}`);
    expect(sha256(bytes)).toBe(sha256(Object.values(given)[name === 'theme' ? 0 : 1] ?? ''));
    expect(manifest.artifact.originalName in given).toBe(true);
  }
});

describe('a signed manifest that lies', () => {
  const entry = { main: null, bin: new Map([['greeter', filePath('icon.png')]]) };
  const lies: Readonly<Record<string, (manifest: PluginManifest) => PluginManifest>> = {
    'about what is started': (manifest) => ({ ...manifest, entry: { ...manifest.entry, ...entry } }),
    'about its arguments': (manifest) => ({
      ...manifest,
      entry: {
        ...manifest.entry,
        launch: { args: ['--evil'], env: new Map(), settings: new Map() },
      },
    }),
    'about what it offers': (manifest) => ({ ...manifest, entry: { ...manifest.entry, offers: new Map() } }),
    'about its runtime': (manifest) => ({ ...manifest, runtime: 'executable' }),
    'about its kind': (manifest) => ({ ...manifest, kind: 'vscode' }),
    'about its system': (manifest) => ({ ...manifest, target: 'any,linux-x64' }),
    'about its own name': (manifest) => ({
      ...manifest,
      source: { ...manifest.source, name: 'Other@1.2.0' },
    }),
    'about its format': (manifest) => ({ ...manifest, source: { ...manifest.source, type: 'vsix' } }),
    'about its format, as if it were a tarball': (manifest) => ({
      ...manifest,
      source: { ...manifest.source, type: 'tarball' },
    }),
  };
  test.each(Object.entries(lies))('%s', async (_name, lie) => {
    const world = await World.create();
    world.publishBuilt(await built('greeter.mcpb', bundle(), lie));
    const host = await world.host();
    expect(await codeOf(host.install('acme/greeter', agreed))).toBe('ARCHIVE_MISMATCH');
    expect((await host.list()).map(({ plugin }) => plugin)).toEqual([]);
  });
  test('about its archive', async () => {
    const world = await World.create();
    const lie = (manifest: PluginManifest): PluginManifest => ({
      ...manifest,
      artifact: { ...manifest.artifact, mediaType: 'application/gzip' },
    });
    world.publishBuilt(await built('greeter.mcpb', bundle(), lie));
    expect(await codeOf((await world.host()).install('acme/greeter', agreed))).toBe('ARCHIVE_MALFORMED');
  });
  test('about a wheel whose RECORD is wrong', async () => {
    const world = await World.create();
    const { manifest: good } = await built('tool-1.0-py3-none-any.whl', wheel());
    const record = 'tool/__init__.py,sha256=x,1\n';
    const evil = wheel({ 'tool-1.0.dist-info/RECORD': record });
    const files = good.files.map((file) =>
      file.path.endsWith('/RECORD') ? { ...file, sha256: sha256(record), size: record.length } : file,
    );
    const artifact = { ...good.artifact, sha256: sha256(evil), length: evil.length };
    const manifest = { ...good, artifact, files, treeHash: treeHash(files) };
    world.publishBuilt({ manifest, manifestBytes: serializeManifest(manifest), archive: evil });
    const host = await world.host();
    await expect(host.install('acme/tool')).rejects.toMatchObject({
      code: 'ARCHIVE_MISMATCH',
      cause: { code: 'WHEEL_RECORD' },
    });
  });
});

test('made for other systems: refused; for one of several: taken', async () => {
  const world = await World.create();
  const others = ['darwin', 'linux', 'win32'].filter((name) => name !== process.platform);
  const on = (...platforms: readonly string[]): Uint8Array => bundle({ compatibility: { platforms } });
  world.publishBuilt(await built('greeter.mcpb', on(...others)));
  expect(await codeOf((await world.host()).install('acme/greeter', agreed))).toBe('PLATFORM');
  const here = await World.create();
  here.publishBuilt(await built('greeter.mcpb', on(process.platform, others[0] ?? '')));
  expect(await (await here.host()).install('acme/greeter', agreed)).toMatchObject({ changed: true });
});

test('what a rule refuses, or nobody agrees to any more, is handed to no other program either', async () => {
  const world = await World.create();
  world.publishBuilt(await built('greeter.mcpb', bundle()));
  const host = await world.host();
  await host.install('acme/greeter', agreed);
  const handed = async (rule: object): Promise<unknown> => {
    const policy = { format: 'ragnos-organisation-policy/1', rules: [{ for: 'acme/greeter', ...rule }] };
    return codeOf((await world.host({ policy })).artifact('acme/greeter'));
  };
  expect(await handed({ cooldown: { hours: 24 } })).toBe('no error'); // it is installed already
  expect(await handed({ refuse: true })).toBe('NOT_ALLOWED');
  expect(await handed({ versions: '2.x' })).toBe('NOT_PINNED');
  await host.withdraw('acme/greeter');
  expect(await codeOf(host.artifact('acme/greeter'))).toBe('CONSENT_REQUIRED');
});
