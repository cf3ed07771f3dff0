/** SIGUSR1 opens the inspector of a Node process, and whoever reaches that runs code as the host: not once it holds a plugin. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tree } from './support.ts';

/** What Node takes to open it; where it does, the test that sees it open needs less. */
const openingMs = 1000;

/** A host in a process of its own, with a port for its inspector that is free. */
async function host(...args: readonly string[]) {
  const script = path.join(import.meta.dirname, 'inspected-host.ts');
  const flags = ['--conditions=@ragnos/source', '--inspect-port=127.0.0.1:0'];
  const child = spawn(process.execPath, [...flags, script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString('utf8')));
  const up: readonly unknown[] = await once(child.stdout, 'data');
  return {
    up: String(up[0]),
    pid: child.pid ?? 0,
    errors: () => errors,
    inspector: async (): Promise<string> => {
      const answer = once(child.stdout, 'data');
      child.kill('SIGUSR2');
      const said: readonly unknown[] = await answer;
      return String(said[0]).trim();
    },
  };
}

function plugin(code: string): readonly string[] {
  const { folder, files } = tree({ 'main.mjs': code });
  return [folder, files.get('main.mjs') ?? ''];
}

describe.skipIf(process.platform === 'win32')('SIGUSR1 to a host', { timeout: 60_000 }, () => {
  test('that has started nothing opens its inspector: this is what the others would see', async () => {
    const { pid, inspector, errors } = await host();
    expect(await inspector()).toBe('closed');
    process.kill(pid, 'SIGUSR1');
    await expect.poll(inspector, { timeout: 10_000 }).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\//);
    expect(errors()).toContain('Debugger listening');
  });

  test('that holds a plugin in mode process opens nothing', async () => {
    const { pid, inspector, errors, up } = await host(
      ...plugin("process.stdout.write('up'); setInterval(() => 1, 1000);"),
    );
    expect(up).toBe('up');
    for (let n = 0; n < 3; n++) process.kill(pid, 'SIGUSR1');
    await sleep(openingMs);
    expect(await inspector()).toBe('closed');
    expect(errors()).not.toContain('Debugger');
  });

  const signals = `
    const said = [];
    for (const how of ['kill', '_kill'])
      try { said.push(process[how](process.ppid, how === 'kill' ? 'SIGUSR1' : 10) === false ? 'failed' : 'sent'); }
      catch (error) { said.push(error.code); }
    process.stdout.write(process.ppid + ' ' + said.join());
    setInterval(() => 1, 1000);`;
  test.runIf(process.platform === 'linux').each([
    ['is refused', '', 'ERR_ACCESS_DENIED,ERR_ACCESS_DENIED'],
    ['opens nothing where it gets through', 'guards', 'sent,sent'],
  ])('of the plugin itself %s', async (_, without, how) => {
    const { pid, up, inspector, errors } = await host(...plugin(signals), without);
    expect(up).toBe(`${pid} ${how}`);
    await sleep(openingMs);
    expect(await inspector()).toBe('closed');
    expect(errors()).not.toContain('Debugger');
  });
});
