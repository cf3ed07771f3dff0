/** What is narrowed later reaches what runs, and what starts. */
import { parseOrganisationPolicy, serializeOrganisationPolicy } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { codeOf, type World } from '../host/world.ts';
import { agreed, vaultOf, worldWith } from './plugins.ts';

const minute = { timeout: 60_000 };
const code = `export const hi = () => 'hi';`;
const asks = { capabilities: { 'fs.read': ['$project'], 'fs.write': ['$data'] } };

function sign(world: World, ...rules: readonly object[]): void {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  const bytes = serializeOrganisationPolicy(parseOrganisationPolicy(Buffer.from(text)));
  world.simulator.addTarget('policy/organisation.json', bytes, 'policy');
  world.simulator.publish('policy');
}

describe('what runs', minute, () => {
  const rules: readonly (readonly [string, object, string, string])[] = [
    ['other versions', { versions: '>=3' }, 'NOT_PINNED', 'not within >=3'],
    ['fewer capabilities', { capabilities: { 'fs.read': [] } }, 'NOT_ALLOWED', 'reads'],
    ['a stronger mode', { mode: 'sandbox' }, 'NOT_ALLOWED', 'is confined in mode process alone'],
  ];
  test.each(rules)('is found when a rule comes to name %s', async (_name, rule, expected, says) => {
    const world = await worldWith(code, asks);
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello');
    expect(await vault.recheck()).toEqual([]);
    for (const stopped of [false, true]) {
      sign(world, { for: 'acme/*', ...rule, ...(stopped ? { onRevoked: 'stop' } : {}) });
      const [found] = await vault.recheck();
      expect(found).toMatchObject({ plugin: 'acme/hello@2.0.0', error: { code: expected }, stopped });
      expect(found?.error.message).toContain(says);
      expect(hello.state).toBe(stopped ? 'stopped' : 'running');
    }
    expect(await codeOf(hello.call('hi'))).toBe(expected);
    const again = await codeOf(vault.load('acme/hello', { mode: 'process' }));
    expect(again).toBe('capabilities' in rule ? 'no error' : expected);
  });

  test('is ended when what was agreed to is taken back, and found when less was agreed to', async () => {
    const world = await worldWith(code, asks);
    const host = await world.host();
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello');
    const given = await vault.load('acme/hello', { grant: { capabilities: {} } });
    await host.withdraw('acme/hello');
    expect(await vault.recheck({ refresh: false })).toMatchObject([
      { error: { code: 'CONSENT_REQUIRED' }, stopped: true },
    ]);
    expect([hello.state, given.state]).toEqual(['stopped', 'running']); // the program agrees for the second
    await host.install('acme/hello', agreed);
    const anew = await vault.load('acme/hello');
    expect(await vault.recheck({ refresh: false })).toEqual([]);
    await host.uninstall('acme/hello'); // and what was agreed to with it
    expect(await vault.recheck({ refresh: false })).toMatchObject([
      { error: { code: 'CONSENT_REQUIRED' }, stopped: true },
    ]);
    expect([anew.state, given.state]).toEqual(['stopped', 'running']);
    sign(
      world,
      { for: '*', capabilities: { 'fs.read': [] } },
      { for: '*', versions: '>=3', onRevoked: 'stop' },
    );
    expect(await vault.recheck()).toMatchObject([{ error: { code: 'NOT_PINNED' }, stopped: true }]);
    expect(given.state).toBe('stopped');
  });

  test('goes on uninstalled where it asks for nothing and no rule speaks against it', async () => {
    const world = await worldWith(code);
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello');
    await (await world.host()).uninstall('acme/hello');
    expect(await vault.recheck()).toEqual([]);
    sign(world, { for: '*', mode: 'sandbox', onRevoked: 'stop' });
    expect(await vault.recheck()).toMatchObject([{ error: { code: 'NOT_ALLOWED' }, stopped: true }]);
    expect(hello.state).toBe('stopped');
  });
});

test('a version that a rule does not name is not started', minute, async () => {
  const world = await worldWith(code);
  sign(world, { for: '*', versions: '>=3', reason: 'incident 9' });
  const host = await world.host();
  await host.status();
  const vault = await vaultOf(world, { mode: 'process' });
  expect(await codeOf(vault.load('acme/hello'))).toBe('NOT_PINNED');
  expect(await codeOf(host.run('acme/hello', []))).toBe('NOT_PINNED');
  expect(await host.grants('acme/hello')).toMatchObject([{ permit: null, refused: { code: 'NOT_PINNED' } }]);
});
