/** What pack and door should have refused is refused here again, and nothing speaks of something else than its path. */
import { readdirSync } from 'node:fs';
import { capabilitiesToJson, noCapabilities, pluginName, pluginVersion, vendorName } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { agreed, build, codeOf, World, type PluginFiles } from './world.ts';

const pack = (name: string, more: object = {}): string => JSON.stringify({ name, type: 'module', ...more });

describe('a version whose vendor did not run our pack', () => {
  const cases: readonly (readonly [string, PluginFiles, string])[] = [
    [
      'connects, and declares nothing',
      {
        'package.json': pack('hello', { version: '1.1.0' }),
        'main.js': `import net from 'node:net';\nnet.connect(443, 'evil.example');`,
      },
      'main.js:2',
    ],
    [
      'hides characters in its code',
      {
        'package.json': pack('hello', { version: '1.1.0' }),
        'main.js': 'export const a = 1;\u202e // reversed',
      },
      'main.js:1',
    ],
    [
      'brings native code',
      {
        'package.json': pack('hello', { version: '1.1.0' }),
        'a.txt': new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]),
      },
      'a.txt',
    ],
  ];
  test.for(cases)('%s: refused, with the place', async ([, files, place]) => {
    const world = await World.create();
    await world.publish('1.1.0', {
      files,
      change: (manifest) => ({
        ...manifest,
        entry: { main: manifest.files.find(({ path }) => path === 'main.js')?.path ?? null, bin: new Map() },
      }),
    });
    const host = await world.host();
    await expect(host.install('acme/hello@1.1.0')).rejects.toMatchObject({
      code: 'PLUGIN_FINDINGS',
      message: expect.stringContaining(place) as unknown,
    });
    expect(await host.list()).toEqual([]);
    expect([...world.installed().keys()].filter((path) => path.startsWith('plugins/acme/'))).toEqual([]);
    expect(readdirSync(world.folder)).not.toContain('journal');
  });

  test('declared and agreed to, the same is installed', async () => {
    const world = await World.create();
    const [, files] = cases[2] ?? [];
    const capabilities = capabilitiesToJson({ ...noCapabilities, native: true });
    await world.publish('1.1.0', {
      files: files ?? {},
      change: (manifest) => ({ ...manifest, capabilities }),
    });
    expect(await (await world.host()).install('acme/hello', agreed)).toMatchObject({ version: '1.1.0' });
  });
});

describe('identity: path, index, manifest and package', () => {
  const lies = {
    'another vendor': { vendor: vendorName('evil') },
    'another plugin': { plugin: pluginName('bye') },
    'another version': { version: pluginVersion('9.9.9') },
  };
  for (const [name, lie] of Object.entries(lies))
    test(`a manifest that speaks of ${name}`, async () => {
      const world = await World.create();
      const honest = await build('1.1.0');
      const lying = await build('1.1.0', { change: (manifest) => ({ ...manifest, ...lie }) });
      world.publishBuilt({ ...honest, manifestBytes: lying.manifestBytes });
      expect(await codeOf((await world.host()).install('acme/hello@1.1.0'))).toBe('IDENTITY_MISMATCH');
    });

  test('a package that calls itself by another version than it is published under', async () => {
    const world = await World.create();
    await world.publish('1.1.0', { files: { 'package.json': pack('hello', { version: '1.0.9' }) } });
    expect(await codeOf((await world.host()).install('acme/hello@1.1.0'))).toBe('IDENTITY_MISMATCH');
  });

  test('a package that is another than its manifest says it was made from', async () => {
    const world = await World.create();
    await world.publish('1.1.0', {
      files: { 'package.json': pack('@evil/hello', { version: '1.1.0' }) },
      change: (manifest) => ({ ...manifest, source: { ...manifest.source, name: 'hello' } }),
    });
    expect(await codeOf((await world.host()).install('acme/hello@1.1.0'))).toBe('IDENTITY_MISMATCH');
  });
});
