/** What is started is what was asked for, by whichever way it is started. */
import { pluginVersion } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { agreed, codeOf, World } from '../host/world.ts';
import { publishModule, vaultOf } from './plugins.ts';

const code = 'export const hi = () => 1; process.stdin.resume();';

/** 1.1.0, installed as the channel latest; `beta` is 1.2.0-beta.1, and 1.1.0 is the channel `stable` too. */
async function installed(): Promise<World> {
  const world = await World.create();
  const files = { 'index.js': code };
  const versions = ['1.1.0', '1.2.0-beta.1'];
  for (const version of versions) await publishModule(world, files, { version, bin: 'index.js' });
  const channels = { latest: '1.1.0', stable: '1.1.0', beta: '1.2.0-beta.1' };
  world.putIndex({
    ...world.index(),
    channels: new Map(Object.entries(channels).map(([name, version]) => [name, pluginVersion(version)])),
  });
  await (await world.host()).install('acme/hello', agreed);
  return world;
}

test(
  'a version, a range or a channel is what is installed, or nothing is started',
  { timeout: 60_000 },
  async () => {
    const world = await installed();
    const vault = await vaultOf(world, { mode: 'process' });
    const fits: Readonly<Record<string, boolean>> = {
      '': true,
      '@1.1.0': true,
      '@^1': true,
      '@latest': true,
      '@stable': true,
      '@9.9.9': false,
      '@^2': false,
      '@beta': false,
      '@no-such-channel': false,
    };
    for (const [wanted, fit] of Object.entries(fits)) {
      const spec = `acme/hello${wanted}`;
      const expected = fit ? 'no error' : 'NOT_INSTALLED';
      const loading = vault.load(spec);
      expect([spec, await codeOf(loading)]).toEqual([spec, expected]);
      if (fit) await (await loading).close();
      if (fit && wanted !== '@^1') continue;
      const transport = vault.mcp(spec);
      const others = [vault.host.run(spec, [], { mode: 'process' }), transport.start()];
      expect(await Promise.all(others.map(codeOf))).toEqual([expected, expected]);
      await transport.close();
    }
    await expect(vault.load('acme/hello@9.9.9')).rejects.toMatchObject({
      message: 'acme/hello@9.9.9 is not what is installed, 1.1.0 is',
      hint: 'ragv install acme/hello@9.9.9',
    });
  },
);

test('what was installed as a channel’s goes on to be started as it when the channel has moved on', async () => {
  const world = await installed();
  await publishModule(world, { 'index.js': code }, { version: '1.3.0' });
  const vault = await vaultOf(world, { mode: 'process' });
  await vault.host.status();
  expect(await codeOf(vault.load('acme/hello@latest'))).toBe('no error');
  expect(await codeOf(vault.load('acme/hello@stable'))).toBe('no error');
  expect(await codeOf(vault.load('acme/hello@1.3.0'))).toBe('NOT_INSTALLED');
});

test('what was installed as an exact version is the channel’s only while that points to it', async () => {
  const world = await installed();
  await (await world.host()).install('acme/hello@1.1.0', agreed);
  const vault = await vaultOf(world, { mode: 'process' });
  expect(await codeOf(vault.load('acme/hello@latest'))).toBe('no error');
  await publishModule(world, { 'index.js': code }, { version: '1.3.0' });
  await vault.host.status();
  expect(await codeOf(vault.load('acme/hello@latest'))).toBe('NOT_INSTALLED');
  expect(await codeOf(vault.load('acme/hello'))).toBe('no error');
  await vault.host.install('acme/hello', agreed);
  await publishModule(world, { 'index.js': code }, { version: '1.4.0' });
  await vault.host.status();
  expect(await codeOf(vault.load('acme/hello@latest'))).toBe('no error');
});
