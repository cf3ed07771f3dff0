/** No default password, ever; nothing asks without a terminal; a failed or interrupted init leaves nothing (decision 11). */
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listen, world, write } from './ragv.ts';

test('init without a password source says all the places where one is looked for', async () => {
  const here = world();
  const said = await here.ragv('init v --vendor acme');
  expect(said).toMatchObject({ exit: 7, stdout: '' });
  expect(said.stderr).toMatch(/\[PASSWORD_REQUIRED\]\nhint: .*--password-file.*RAGV_ROOT_KEY_PASSWORD_FILE/);
  expect(readdirSync(here.folder)).toEqual([]);
});

test('an empty password is none', async () => {
  const here = world({ RAGV_KEY_PASSWORD: '' });
  const said = await here.ragv('init v --vendor acme');
  expect(said).toMatchObject({ exit: 7, stdout: '' });
  expect(said.stderr).toContain('[BAD_PASSWORD_SOURCE]');
  expect(readdirSync(here.folder)).toEqual([]);
});

test('a password file that others can read is refused', async () => {
  const here = world();
  write(join(here.folder, 'password'), 'correct horse\n', 0o644);
  const said = await here.ragv('init v --vendor acme --password-file password');
  expect(said.exit).toBe(7);
  expect(said.stderr).toContain('[KEY_UNPROTECTED]');
  expect(said.stderr).not.toContain('correct horse');
  expect(existsSync(join(here.folder, 'v'))).toBe(false);
});

test('a folder with something in it is left as it is', async () => {
  const here = world({ RAGV_KEY_PASSWORD: 'correct horse' });
  write(join(here.folder, 'v', 'mine.txt'), 'mine');
  const said = await here.ragv('init v --vendor acme');
  expect(said).toMatchObject({ exit: 9, stdout: '' });
  expect(said.stderr).toMatch(/\[VAULT_EXISTS\]\nhint: /);
  expect(readdirSync(join(here.folder, 'v'))).toEqual(['mine.txt']);
});

test('init --dry-run needs no password and makes nothing', async () => {
  const here = world();
  const said = await here.ragv('init v --vendor acme --dry-run');
  expect(said.exit).toBe(0);
  expect(said.stdout).toContain('vendor.acme');
  expect(readdirSync(here.folder)).toEqual([]);
});

test.for(['SIGINT', 'SIGTERM'] as const)('%s during init: exit 130, and nothing is left', async (signal) => {
  const here = world({ RAGV_KEY_PASSWORD: 'correct horse' });
  const child = here.start(['init', 'v', '--vendor', 'acme']);
  const ended = listen(child);
  while (!readdirSync(here.folder).some((name) => name.startsWith('v.new-')))
    await new Promise((resolve) => setTimeout(resolve, 5)); // the first thing that init does
  child.kill(signal);
  const said = await ended;
  expect(said).toMatchObject({ exit: 130, stdout: '' });
  expect(said.stderr).toContain('nothing was left half-done');
  expect(readdirSync(here.folder)).toEqual([]);
});

test('a reader that goes away (ragv manual | head -1) is no error', async () => {
  const here = world();
  const child = here.start(['manual']);
  child.stdout?.destroy();
  const err: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  await once(child, 'close');
  expect(child.exitCode).toBe(0);
  expect(Buffer.concat(err).toString()).toBe('');
});
