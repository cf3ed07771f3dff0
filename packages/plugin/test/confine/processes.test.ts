import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Processes } from '../../src/confine/processes.ts';
import { findBubblewrap } from '../../src/confine/programs.ts';
import { Report } from '../../src/confine/report.ts';
import { sandboxed, tree } from './support.ts';

const namespaces = ['user', 'pid', 'net', 'ipc', 'uts'].map((name) => `--unshare-${name}`);

// Killed between making the sandbox and asking the kernel to end it with its parent, bubblewrap alone left one in thirty behind.
test.skipIf(!sandboxed)(
  'of a sandbox that is killed while bubblewrap makes it, nothing is left',
  async () => {
    const bubblewrap = await findBubblewrap();
    const marker = `4242${process.pid}`;
    const args = [
      ...namespaces,
      '--die-with-parent',
      '--new-session',
      '--ro-bind',
      '/',
      '/',
      '--proc',
      '/proc',
    ].concat(['--dev', '/dev', '--info-fd', '3', '--', 'sleep', marker]);
    const startAndKill = async (delayMs: number): Promise<void> => {
      const report = new Report();
      const child = spawn(bubblewrap, args, {
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', report.fd],
      });
      const processes = new Processes(child, report);
      await wait(delayMs);
      processes.kill();
      await once(child, 'exit');
    };
    for (let turn = 0; turn < 60; turn++)
      await Promise.all([0, 2, 4, 6].map(async (delayMs) => startAndKill(delayMs + (turn % 10) / 5)));
    await expect.poll(() => processesWith(marker), { timeout: 5000 }).toEqual([]);
  },
  60_000,
);

for (const [mode, runtime] of [
  ['sandbox', 'node'],
  ['sandbox', 'executable'],
  ['process', 'node'],
  ['trusted', 'executable'],
] as const)
  test.skipIf(mode === 'sandbox' && !sandboxed)(
    `of plugins whose host is killed while they start, nothing is left (${runtime}, ${mode})`,
    async () => {
      const marker = `orphan-${mode}-${runtime}-${process.pid}`;
      const program = path.join(import.meta.dirname, 'host-process.ts');
      const source = runtime === 'node' ? 'for (;;);' : '#!/bin/sh\nwhile :; do :; done\n';
      const { folder, files } = tree({ main: source });
      const args = [program, folder, files.get('main') ?? '', mode, runtime, marker];
      for (let turn = 0; turn < 12; turn++) {
        const host = spawn(process.execPath, args, {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        await once(host.stdout, 'data');
        await wait(10 + turn * 10);
        host.kill('SIGKILL');
        await once(host, 'exit');
      }
      await expect.poll(() => processesWith(marker), { timeout: 10_000 }).toEqual([]);
    },
    60_000,
  );

function processesWith(marker: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return /^\d+$/.test(pid) && command.includes(marker) ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
    } catch {
      return []; // gone while we looked
    }
  });
}
