/** `Host.run` of an MCP server whose client has gone: it does not stay behind. */
import { PassThrough } from 'node:stream';
import { openHost, type RunResult } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { text } from '../confine/support.ts';
import { worldWith } from './plugins.ts';

const deaf =
  "process.on('SIGTERM', () => undefined); process.on('SIGHUP', () => undefined); setInterval(() => undefined, 1000);";

/** A server that runs, with its client's side. */
async function running(code: string) {
  const world = await worldWith(code, { kind: 'mcp', main: null, bin: 'index.js' });
  const host = await openHost({ home: world.home, fetcher: world.simulator, now: () => world.now });
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  let up = (): void => undefined;
  const started = new Promise<void>((resolve) => (up = resolve));
  const ended: Promise<RunResult> = host.run('acme/hello', [], {
    stdio: streams,
    mode: 'process',
    recheckEveryMs: 0,
    onStart: () => up(),
  });
  await Promise.race([started, ended]);
  return { streams, ended };
}

test('one that minds neither the end of its input nor a signal', { timeout: 30_000 }, async () => {
  const { streams, ended } = await running(`process.stdin.resume(); ${deaf}`);
  streams.stdin.end();
  expect((await ended).signal).toBe('SIGKILL');
});

test.each(['SIGTERM', 'SIGHUP'] as const)('one that minds no %s', { timeout: 30_000 }, async (signal) => {
  const { streams, ended } = await running(`${deaf} process.stdout.write('up\\n');`);
  await new Promise((resolve) => streams.stderr.once('data', resolve)); // what it prints is no message
  process.listeners(signal).at(-1)?.(signal);
  expect((await ended).signal).toBe('SIGKILL');
});

test('what it was asked before is answered, however long that takes', { timeout: 30_000 }, async () => {
  const { streams, ended } = await running(`process.stdin.once('data', (line) => {
    const { id } = JSON.parse(line);
    setTimeout(() => console.log(JSON.stringify({ jsonrpc: '2.0', id, result: {} })), 2500);
  }); ${deaf}`);
  const said = text(streams.stdout);
  streams.stdin.end('{"jsonrpc":"2.0","id":7,"method":"ping"}\n');
  expect((await ended).signal).toBe('SIGKILL');
  streams.stdout.end();
  expect(JSON.parse(await said)).toEqual({ jsonrpc: '2.0', id: 7, result: {} });
});

test('one that ends by itself is left to', { timeout: 30_000 }, async () => {
  const { streams, ended } = await running(
    "process.stdin.resume().on('end', () => setTimeout(() => process.exit(3), 300));",
  );
  streams.stdin.end();
  expect((await ended).exitCode).toBe(3);
});
