/** Whoever calls a plugin learns why it was refused something, and what to do about an error. */
import type { DeniedAccess } from '@ragnos/plugin';
import { VaultError } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { refusalHint, whoDenied } from '../../src/load/refusals.ts';
import { publishModule, moduleFiles, vaultOf, worldWith } from './plugins.ts';
import { World } from '../host/world.ts';

const code = `
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
export const get = async ({ url }) => (await fetch(url)).status;
export const start = ({ program }) => String(execFileSync(program));
export const read = ({ path }) => readFileSync(path, 'utf8');
export const good = () => 'fine';
`;

const plain = `
export const loop = () => { for (;;); };
export const slow = () => new Promise((resolve) => setTimeout(resolve, 5000));
export const good = () => 'fine';
`;

async function thrown(work: Promise<unknown>): Promise<VaultError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof VaultError) return error;
  throw new Error('it did not fail so', { cause: error });
}

test(
  'a refusal says why, and who withheld it; the caller hears it with the error',
  { timeout: 60_000 },
  async () => {
    const world = await World.create();
    const declared = ['api.example.com:443', 'GET 127.0.0.1:9', 'localhost:9'];
    await publishModule(world, moduleFiles(code), {
      capabilities: { 'net.connect': declared, exec: ['git'], 'fs.read': ['$project'] },
    });
    await (await world.host()).install('acme/hello', { grant: { granted: ['net.connect'], by: 'host' } });
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello');
    const told: DeniedAccess[] = [];
    hello.on('denied', (access) => void told.push(access));
    const other = await thrown(hello.call('get', { url: 'https://evil.example/' }));
    expect(other).toMatchObject({ code: 'PLUGIN_THREW' });
    expect(other.hint).toBe(
      'it was refused net.connect GET evil.example:443 (not granted); what it may do: ragv grant list acme/hello',
    );
    expect(told.at(-1)).toEqual({
      capability: 'net.connect',
      what: 'GET evil.example:443',
      reason: 'not-granted',
      by: null,
    });
    await thrown(hello.call('start', { program: 'git' }));
    expect(told.at(-1)).toMatchObject({ capability: 'exec', reason: 'withheld', by: 'consent' });
    expect(hello.metrics().deniedAccesses).toBe(2);
    const file = await thrown(hello.call('read', { path: world.project }));
    expect(file.hint).toContain('ragv grant list acme/hello');
    expect(hello.metrics().deniedAccesses).toBe(2); // files are refused by Node, which tells nobody
    expect(await hello.call('good')).toBe('fine');
  },
);

test('a granted name that leads into a network is told from one that is not granted', () => {
  const denied = {
    capability: 'net.connect',
    what: 'api.example.com',
    reason: 'not-public',
    by: null,
  } as const;
  expect(whoDenied(denied, [])).toBe(denied);
  expect(refusalHint('acme/x', 'x: TypeError: fetch failed', denied)).toMatch(/leads to no public address/);
  expect(refusalHint('acme/x', 'x: TypeError: no', null)).toBeNull();
});

describe('what to do is said', () => {
  test('of a name that is none, of too many calls, of too little time', { timeout: 60_000 }, async () => {
    const world = await worldWith(plain, { capabilities: { limits: { callsPerMinute: 3 } } });
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: null, limits: { hungTimeMs: 300 } });
    expect(await thrown(hello.call('greet'))).toMatchObject({
      code: 'NO_SUCH_FUNCTION',
      hint: 'it exports good, loop, slow',
    });
    const late = await thrown(hello.call('slow', null, { timeoutMs: 50 }));
    expect(late).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(late.hint).toContain('timeoutMs');
    await thrown(hello.call('loop', null, { timeoutMs: 50 }));
    const often = await thrown(hello.call('good'));
    expect(often).toMatchObject({ code: 'CALL_RATE' });
    expect(often.hint).toContain('limits.callsPerMinute');
    await hello.close();
    expect(await thrown(hello.call('good'))).toMatchObject({ code: 'PLUGIN_CLOSED' });
  });
});
