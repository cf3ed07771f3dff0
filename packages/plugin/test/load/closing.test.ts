/** What is closed stays closed, also what was only being started: no process is left, and none comes later. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Vault } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { isGone, processesBelow } from '../host/below.ts';
import { codeOf, type World } from '../host/world.ts';
import { serverCode } from './server.ts';
import { vaultOf, worldWith } from './plugins.ts';

const minute = { timeout: 60_000 };

const server = { kind: 'mcp', main: null, bin: 'index.js' } as const;

const children = (): readonly number[] => processesBelow(process.pid).filter((pid) => !isGone(pid));

/** At moments all over a start, which takes longer than the last of them here and there. */
const moments = [0, 5, 20, 60, 150, 400];

describe.runIf(process.platform === 'linux')('nothing runs after', minute, () => {
  const starts: Readonly<
    Record<
      string,
      (vault: Vault) => { readonly start: Promise<unknown>; readonly close?: () => Promise<void> }
    >
  > = {
    'a vault that is closed while it loads': (vault) => ({ start: vault.load('acme/hello') }),
    'a vault that is closed while a server starts': (vault) => ({ start: vault.mcp('acme/hello').start() }),
    'a transport that is closed while it starts': (vault) => {
      const transport = vault.mcp('acme/hello');
      return { start: transport.start(), close: async () => transport.close() };
    },
  };
  test.each(Object.entries(starts))('%s', async (name, begin) => {
    const world = await (name.includes('loads')
      ? worldWith('export const hi = () => 1;')
      : worldWith(serverCode, server));
    for (const moment of moments) {
      const vault = await vaultOf(world, { mode: 'process' });
      const before = children();
      const { start, close = async () => vault.close() } = begin(vault);
      const settled = codeOf(start);
      await sleep(moment);
      await close();
      expect(children().filter((pid) => !before.includes(pid))).toEqual([]);
      expect(await settled).toMatch(/^(?:PLUGIN_CLOSED|no error)$/); // or it was up before
      await sleep(50);
      expect(children().filter((pid) => !before.includes(pid))).toEqual([]);
      await vault.close();
    }
  });

  test('a load that was closed rejects, and does not say that it runs', async () => {
    const vault = await vaultOf(await worldWith('export const hi = () => 1;'), { mode: 'process' });
    const loading = vault.load('acme/hello').then(
      ({ state }) => state,
      ({ code }: { code: string }) => code,
    );
    await sleep(5);
    await vault.close();
    expect(await loading).toBe('PLUGIN_CLOSED');
  });

  test('a vault that is closed before its transport is started', async () => {
    const vault = await vaultOf(await worldWith(serverCode, server), { mode: 'process' });
    const transport = vault.mcp('acme/hello');
    await vault.close();
    const before = children();
    expect(await codeOf(transport.start())).toBe('PLUGIN_CLOSED');
    expect(children()).toEqual(before);
  });

  test('a handle that is closed while it is started again', async () => {
    const world: World = await worldWith('export const die = () => process.exit(1);');
    for (const moment of moments) {
      const vault = await vaultOf(world, { mode: 'process' });
      const before = children();
      const hello = await vault.load('acme/hello', { restart: { backoffMs: 10 } });
      expect(await codeOf(hello.call('die'))).toBe('PLUGIN_CRASHED');
      await sleep(moment);
      await (moment % 2 === 0 ? hello.close() : vault.close());
      await sleep(50);
      expect([hello.state, children().filter((pid) => !before.includes(pid))]).toEqual(['stopped', []]);
      await vault.close();
    }
  });
});
