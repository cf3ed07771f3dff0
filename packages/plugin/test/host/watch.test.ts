/** A kill-switch and a revocation reach what runs at the next refresh; the newest policy says whether it goes on. */
import {
  openVault,
  parseOrganisationPolicy,
  pluginVersion,
  serializeOrganisationPolicy,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const files = {
  'package.json': '{"name":"hello","version":"1.1.0","type":"module"}',
  'main.js': 'export const greet = () => "hello";',
};

function sign(world: World, ...rules: readonly object[]): void {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  const bytes = serializeOrganisationPolicy(parseOrganisationPolicy(new TextEncoder().encode(text)));
  world.simulator.addTarget('policy/organisation.json', bytes, 'policy');
  world.simulator.publish('policy');
}

async function loaded(world: World) {
  await world.publish('1.1.0', {
    files,
    change: (manifest) => ({
      ...manifest,
      entry: { main: manifest.files.find(({ path }) => path === 'main.js')?.path ?? null, bin: new Map() },
    }),
  });
  await (await world.host()).install('acme/hello');
  const vault = await openVault({
    home: world.home,
    fetcher: world.simulator,
    now: () => world.now,
    mode: 'process',
    recheckEveryMs: 0,
  });
  const hello = await vault.load('acme/hello');
  expect(await hello.call('greet')).toBe('hello');
  return { vault, hello };
}

const revoke = (world: World): void =>
  world.revoke(world.index().versions.get(pluginVersion('1.1.0'))?.artifact.sha256 ?? '');

describe('what runs', { timeout: 60_000 }, () => {
  const cases: readonly (readonly [string, (world: World) => void, string, boolean])[] = [
    ['is warned about when it is revoked and no policy says more', revoke, 'REVOKED', false],
    [
      'is stopped when it is revoked and the policy of today says so',
      (world) => {
        sign(world, { for: '*', onRevoked: 'stop' });
        revoke(world);
      },
      'REVOKED',
      true,
    ],
    [
      'is warned about when a rule refuses it',
      (world) => sign(world, { for: 'acme/*', refuse: true }),
      'NOT_ALLOWED',
      false,
    ],
    [
      'is stopped by a kill-switch',
      (world) => sign(world, { for: 'acme/*', refuse: true, onRevoked: 'stop', reason: 'incident 7' }),
      'NOT_ALLOWED',
      true,
    ],
  ];
  test.for(cases)('%s', async ([, change, code, stopped]) => {
    const world = await World.create();
    const { vault, hello } = await loaded(world);
    expect(await vault.recheck()).toEqual([]);
    change(world);
    expect(await vault.recheck({ refresh: false })).toEqual([]); // nobody has heard of it yet
    expect(await vault.recheck()).toMatchObject([{ error: { code }, stopped }]);
    expect(hello.state).toBe(stopped ? 'stopped' : 'running');
    await vault.close();
  });
});
