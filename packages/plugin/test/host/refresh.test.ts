/** Several processes refresh one home: what any of them has brought counts for all at once, and nothing brings it back. */
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  openVault,
  parseOrganisationPolicy,
  pluginVersion,
  serializeOrganisationPolicy,
  trustRepository,
  type Vault,
} from '@ragnos/plugin';
import { writeFiles } from '@ragnos/testkit';
import { startScript } from '@ragnos/testkit/start-script';
import { expect, test } from 'vitest';
import { codeOf, tempFolder, World } from './world.ts';

const minute = { timeout: 60_000 };

interface Two {
  readonly world: World;
  readonly vault: Vault;
  /** Brings what the world publishes to where the processes look. */
  readonly serve: () => Promise<void>;
  /** Refreshes in a process of its own, which waits before the revocations until `go` is there. */
  readonly refresh: (waiting?: string, go?: string) => Promise<string>;
}

/** acme/hello is installed, and a vault is open here since before anything else happened. */
async function two(): Promise<Two> {
  const world = await World.create();
  await world.publish('1.1.0', {
    files: { 'package.json': '{"name":"hello","version":"1.1.0"}', 'bin.js': 'exports.hi = () => 1;' },
  });
  world.revoke('0'.repeat(64)); // somebody else's
  const url = await world.onDisk();
  await trustRepository({ ...world.trustOptions(), url, fetcher: undefined });
  const home = { home: world.home, now: () => world.now };
  await (await world.host({ fetcher: undefined })).install('acme/hello');
  const vault = await openVault({ ...home, mode: 'process', recheckEveryMs: 0 });
  return {
    world,
    vault,
    serve: () => writeFiles(fileURLToPath(url), world.simulator.files()),
    refresh: async (waiting = '', go = '') => {
      const program = join(import.meta.dirname, 'refresher.ts');
      const child = startScript(program, world.home, world.now.toISOString(), waiting, go);
      let said = '';
      child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
      await once(child, 'close');
      return said.trim();
    },
  };
}

const digest = (world: World): string =>
  world.index().versions.get(pluginVersion('1.1.0'))?.artifact.sha256 ?? '';

function refuse(world: World, ...rules: readonly object[]): void {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  const bytes = serializeOrganisationPolicy(parseOrganisationPolicy(Buffer.from(text)));
  world.simulator.addTarget('policy/organisation.json', bytes, 'policy');
  world.simulator.publish('policy');
}

test('a vault that asked nobody itself heeds what another process has heard', minute, async () => {
  const { world, vault, serve, refresh } = await two();
  const before = await vault.load('acme/hello');
  expect(await before.call('hi')).toBe(1);
  world.revoke('0'.repeat(64), digest(world));
  await serve();
  expect(await codeOf(vault.load('acme/hello'))).toBe('no error'); // nobody has heard yet
  expect(await refresh()).toBe('null');
  expect(await codeOf(vault.load('acme/hello'))).toBe('REVOKED');
  const host = await world.host({ fetcher: undefined });
  expect(await codeOf(host.run('acme/hello', []))).toBe('REVOKED');
  expect(await vault.recheck({ refresh: false })).toMatchObject([
    { plugin: 'acme/hello@1.1.0', error: { code: 'REVOKED' } },
    { plugin: 'acme/hello@1.1.0', error: { code: 'REVOKED' } },
  ]);
  await vault.close();
});

for (const [name, change, code] of [
  ['a revocation', (world: World) => world.revoke('0'.repeat(64), '1'.repeat(64), digest(world)), 'REVOKED'],
  ['a kill-switch', (world: World) => refuse(world, { for: '*', refuse: true }), 'NOT_ALLOWED'],
] as const)
  test(`${name} that one process has brought is not undone by a slower one`, minute, async () => {
    const { world, vault, serve, refresh } = await two();
    const [waiting, go] = [join(tempFolder(), 'waiting'), join(tempFolder(), 'go')];
    world.revoke('0'.repeat(64), '1'.repeat(64)); // what the slow one has heard of
    if (code === 'NOT_ALLOWED') refuse(world);
    await serve();
    const slow = refresh(waiting, go);
    await expect.poll(() => existsSync(waiting), { timeout: 20_000 }).toBe(true);
    change(world);
    await serve();
    const quick = refresh();
    await Promise.race([quick, sleep(3_000)]); // it waits its turn, or is done
    writeFileSync(go, '');
    expect(await Promise.all([slow, quick])).toEqual(['null', 'null']);
    expect(await codeOf(vault.load('acme/hello'))).toBe(code);
    await vault.close();
  });
