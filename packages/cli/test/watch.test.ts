/** `ragv refresh --watch` as a process: what it signs, whom it tells, how it ends. */
import { renameSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { Repository } from '@ragnos/repository';
import { fixedPassword, openSigner, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { isJsonObject, parseJson, Reader, type JsonObject } from '@ragnos/tuf';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { alertTo, type Alert } from '../src/doctor/alert.ts';
import { readConfig } from '../src/vault/config.ts';
import { lifetimesOf } from '../src/vault/vault.ts';
import { containing, listen, matching, world, type Said } from './ragv.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery staple' });
const { ragv, folder } = here;
const vault = join(folder, 'v');
const secret = 'T0KEN-that-nobody-may-see';

beforeAll(async () => {
  await ragv('init v --vendor acme');
}, 120_000);

/** Signs everything as if it were so many hours ago, so that it is due now. */
async function signedAgo(hours: number): Promise<void> {
  const config = await readConfig(vault);
  const signers = async (role: string): Promise<readonly Signer[]> => {
    const uri =
      Object.values(config.keys)
        .find((key) => key.role === role)
        ?.uri.replace('file2:', '') ?? '';
    return [
      await openSigner(`file2:${join(vault, uri)}`, {
        password: fixedPassword('correct horse battery staple'),
      }),
    ];
  };
  const repository = await Repository.open({
    storage: fsStorage({ root: join(vault, 'public') }),
    signers,
    staging: join(vault, 'staging'),
    lifetimes: lifetimesOf(config),
    now: () => new Date(Date.now() - hours * 3_600_000),
  });
  await repository.refresh({ force: true, clockIsRight: true });
  await repository.close();
}

interface Hook {
  readonly url: string;
  readonly bodies: JsonObject[];
  answer: number;
}

async function hook(): Promise<Hook> {
  const made: { url: string; bodies: JsonObject[]; answer: number } = { url: '', bodies: [], answer: 204 };
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const body = parseJson(Buffer.concat(chunks), 'alert');
      if (isJsonObject(body)) made.bodies.push(body);
      response.writeHead(made.answer, made.answer === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  made.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/${secret}`;
  return made;
}

/** Starts it, waits until `ready` is said or asked for, sends SIGTERM, and hears how it ended. */
async function watching(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: (said: string) => boolean,
): Promise<Said> {
  const child = here.start(['refresh', '--vault', 'v', '--watch', ...args], env);
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  const hear = (chunk: Buffer): void => void (said += chunk.toString());
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const ended = listen(child);
  while (child.exitCode === null && !ready(said)) await new Promise((resolve) => setTimeout(resolve, 25));
  child.kill('SIGTERM');
  const result = await ended;
  here.transcript.push(result.stdout, result.stderr);
  return result;
}

describe('ragv refresh --watch', () => {
  test('signs what is due, and SIGTERM ends it cleanly', { timeout: 60_000 }, async () => {
    await signedAgo(13);
    const said = await watching([], {}, (text) => text.includes('re-signed'));
    expect(said).toMatchObject({
      exit: 0,
      stdout: matching(/Z re-signed timestamp version \d+; next within 1\d h/),
      stderr: containing('stopped\n'),
    });
    expect(said.stderr).toContain('nobody is alerted');
  });

  test('with --json each event is a line', { timeout: 60_000 }, async () => {
    await signedAgo(13);
    const said = await watching(['--json'], {}, (text) => text.includes('refreshed'));
    const event = Reader.of(parseJson(Buffer.from(said.stdout), 'event'), 'event');
    expect(event.string('kind')).toBe('refreshed');
  });

  test(
    'a role that is due without its keys: a webhook is told, the rest is signed',
    { timeout: 60_000 },
    async () => {
      await signedAgo(61 * 24);
      const key = join(vault, 'keys', 'policy.p8');
      renameSync(key, join(folder, 'policy.p8'));
      const alerts = await hook();
      const said = await watching([], { RAGV_ALERT_URL: alerts.url }, () => alerts.bodies.length > 0);
      renameSync(join(folder, 'policy.p8'), key);
      expect(said).toMatchObject({ exit: 8, stdout: containing('re-signed'), stderr: containing('policy') });
      expect(alerts.bodies).toMatchObject([
        {
          format: 'ragnos-alert/1',
          kind: 'trouble',
          trouble: 'keys-missing',
          roles: ['policy'],
          code: 'SIGNATURES_MISSING',
          vault,
          text: matching(/policy; clients break in 2\d d/),
        },
      ]);
    },
  );

  test(
    'the timestamp is due without its key: told, and it ends with 8 by itself',
    { timeout: 60_000 },
    async () => {
      await signedAgo(13);
      const key = join(vault, 'keys', 'timestamp.p8');
      renameSync(key, join(folder, 'timestamp.p8'));
      const alerts = await hook();
      const said = await watching(['--alert-url', alerts.url], {}, () => false);
      renameSync(join(folder, 'timestamp.p8'), key);
      expect(said).toMatchObject({ exit: 8, stderr: containing('nothing can be re-signed') });
      expect(alerts.bodies).toMatchObject([{ trouble: 'keys-missing', roles: ['timestamp'] }]);
    },
  );

  test('a store that is away too long: told, and it ends with 6', { timeout: 60_000 }, async () => {
    const store = join(vault, 'public');
    renameSync(store, join(folder, 'away'));
    const alerts = await hook();
    const said = await watching(['--give-up', '0.0005'], { RAGV_ALERT_URL: alerts.url }, () => false);
    renameSync(join(folder, 'away'), store);
    expect(said.exit).toBe(6);
    expect(alerts.bodies).toMatchObject([{ trouble: 'unreachable', code: 'STORAGE_UNAVAILABLE' }]);
  });

  test('a webhook that refuses is said, and its address never', { timeout: 60_000 }, async () => {
    const key = join(vault, 'keys', 'timestamp.p8');
    renameSync(key, join(folder, 'timestamp.p8'));
    const alerts = await hook();
    alerts.answer = 403;
    const said = await watching([], { RAGV_ALERT_URL: alerts.url }, () => false);
    renameSync(join(folder, 'timestamp.p8'), key);
    expect(said.stderr).toMatch(/the alert was not delivered: 127\.0\.0\.1:\d+: status 403/);
  });

  test('a wrong password is told at the start', async () => {
    const said = await watching([], { RAGV_KEY_PASSWORD: 'wrong' }, () => false);
    expect(said).toMatchObject({ exit: 7, stderr: containing('[BAD_PASSWORD]') });
  });

  test.for([
    ['refresh --vault v --watch --force', '--watch decides for itself'],
    ['refresh --vault v --watch --dry-run', '--watch decides for itself'],
    ['refresh --vault v --every 5', '--every belongs to --watch'],
    ['refresh --vault v --watch --every 0', '--every 0 is no number of minutes'],
    [`refresh --vault v --watch --alert-url http://plugins.example/${secret}`, 'no https: address'],
    [`refresh --vault v --watch --alert-url ${secret}`, 'no https: address'],
  ] as const)('%s is refused', async ([line, why]) => {
    expect(await ragv(line)).toMatchObject({ exit: 2, stderr: containing(why) });
  });

  test('nothing that was ever said holds a secret', () => {
    const all = here.transcript.join('\n');
    expect(all.length).toBeGreaterThan(1000);
    expect(all).not.toContain(secret);
    expect(all).not.toContain('correct horse');
  });
});

describe('an alert', () => {
  const alert: Alert = {
    format: 'ragnos-alert/1',
    at: '2030-01-01T00:00:00.000Z',
    kind: 'trouble',
    trouble: 'clock',
    text: 'x',
    roles: [],
    breaks: null,
    code: null,
    vault: '/v',
    host: 'h',
  };
  const fast = { timeoutMs: 200, attempts: 3, backOffMs: 1 };

  test('is tried again where that may help, a few times', async () => {
    const there = await hook();
    there.answer = 500;
    expect(await alertTo(there.url, fast)(alert)).toMatch(/: status 500$/);
    expect(there.bodies).toHaveLength(3);
    there.answer = 400;
    expect(await alertTo(there.url, fast)(alert)).toMatch(/: status 400$/);
    expect(there.bodies).toHaveLength(4);
    there.answer = 200;
    expect(await alertTo(there.url, fast)(alert)).toBeNull();
  });

  test('follows no redirect', async () => {
    const there = await hook();
    there.answer = 302;
    expect(await alertTo(there.url, fast)(alert)).toMatch(/: status 302$/);
    expect(there.bodies).toHaveLength(1);
  });

  test('waits for nobody for long', async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const began = performance.now();
    expect(await alertTo(`http://127.0.0.1:${port}/`, fast)(alert)).toContain('no answer in time');
    expect(performance.now() - began).toBeLessThan(5000);
    silent.closeAllConnections();
    silent.close();
    expect(await alertTo(`http://127.0.0.1:${port}/`, fast)(alert)).toContain('ECONNREFUSED');
  });
});

test('the unit and the cron line of docs/operating.md are those of contrib/', async () => {
  const { readFileSync } = await import('node:fs');
  const top = join(import.meta.dirname, '..', '..', '..');
  const page = readFileSync(join(top, 'docs', 'operating.md'), 'utf8');
  for (const file of ['ragv-refresh.service', 'ragv-refresh.cron'])
    expect(page).toContain(readFileSync(join(top, 'contrib', file), 'utf8').trim());
});
