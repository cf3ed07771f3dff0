/** What a person mistypes or forgets: refused before anything is read or written, with a hint and exit code 2. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ragv } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'ragv-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const misuses: Readonly<Record<string, readonly [args: readonly string[], exit: number, code: string]>> = {
  'a flag with a typing error': [['init', 'vault', '--vendr', 'acme'], 2, 'USAGE'],
  'an unknown command': [['instal', 'acme/hello'], 2, 'USAGE'],
  'an unknown part of a command': [['key', 'rotat', 'root'], 2, 'USAGE'],
  'a missing argument': [['yank'], 2, 'USAGE'],
  'a yank without a version': [['yank', 'acme/hello', '--reason', 'x'], 2, 'USAGE'],
  'a yank without a reason': [['yank', 'acme/hello@1.0.0'], 2, 'USAGE'],
  'trust without a root': [['trust', 'init', 'http://127.0.0.1:9/'], 2, 'USAGE'],
  'trust with two roots': [
    ['trust', 'init', 'http://127.0.0.1:9/', '--root', 'a', '--fingerprint', 'b'],
    2,
    'USAGE',
  ],
  'a root file that is not there': [
    ['trust', 'init', 'http://127.0.0.1:9/', '--root', 'nowhere.json'],
    5,
    'NO_SUCH_FILE',
  ],
  'a key type that is none': [['init', 'vault', '--key-type', 'dsa'], 2, 'USAGE'],
  'a vendor named like a role': [['init', 'vault', '--vendor', 'root'], 2, 'BAD_NAME'],
  'a vendor that leads out of its folder': [['init', 'vault', '--vendor', '../x'], 2, 'BAD_NAME'],
  'a folder that is no vault': [['status', '--vault', 'nowhere'], 5, 'NOT_A_VAULT'],
  'no password anywhere': [['init', 'vault', '--vendor', 'acme'], 7, 'PASSWORD_REQUIRED'],
  'a host that trusts nothing': [['install', 'acme/hello'], 5, 'NO_REPOSITORY'],
  'a shell without completion': [['completion', 'tcsh'], 2, 'USAGE'],
};

test.for(Object.entries(misuses))('%s', async ([, [args, exit, code]]) => {
  const home = { RAGV_HOME: join(folder, 'home') };
  const said = await ragv(args, folder, home);
  expect(said).toMatchObject({ exit, stdout: '' });
  expect(said.stderr).toContain(`[${code}]`);
  expect(said.stderr).toMatch(/^error: /);
  const json: unknown = JSON.parse((await ragv([...args, '--json'], folder, home)).stderr);
  expect(json).toMatchObject({ error: { code, exit } });
  expect(readdirSync(folder).filter((left) => left !== 'home')).toEqual([]); // a failed init leaves nothing
});

test('a typing error is corrected', async () => {
  expect((await ragv(['status', '--jsno'], folder)).stderr).toContain('Did you mean --json?');
});

test('--version, --help and env answer on stdout with exit code 0', async () => {
  for (const args of [['--version'], ['--help'], ['publish', '--help'], ['env'], ['completion', 'bash']]) {
    const said = await ragv(args, folder);
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    expect(said.stdout.length).toBeGreaterThan(4);
  }
});
