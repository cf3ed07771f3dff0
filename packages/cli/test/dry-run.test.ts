/** One vault and one host through every command that writes: dry runs change nothing, `--json` is JSON, no secret is shown. */
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { json, listen, world, type Said } from './ragv.ts';

const { folder, start } = world();
const password = randomBytes(18).toString('base64url');
const env = { RAGV_KEY_PASSWORD_FILE: join(folder, 'password'), RAGV_VAULT: join(folder, 'vault') };
const outputs: string[] = [];

async function run(args: readonly string[], expected = 0): Promise<Said> {
  const outcome = await listen(start(args, env));
  outputs.push(outcome.stdout, outcome.stderr);
  expect(outcome.exit, `${args.join(' ')}: ${outcome.stderr}`).toBe(expected);
  return outcome;
}

/** Everything below a folder but what a refresh may write. */
function hashOf(name: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(join(folder, name), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || /events\.jsonl|lock|metadata|known|seen\.json/.test(path.slice(folder.length)))
      continue;
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest('hex');
}

beforeAll(async () => {
  writeFileSync(env.RAGV_KEY_PASSWORD_FILE, `${password}\n`, { mode: 0o600 });
  cpSync(fileURLToPath(new URL('../../../examples/hello-plugin', import.meta.url)), join(folder, 'hello'), {
    recursive: true,
  });
  await run(['init', 'vault', '--vendor', 'acme']);
}, 60_000);

test('keys are encrypted and only their owner can read them', () => {
  const keys = readdirSync(join(folder, 'vault', 'keys'));
  expect(keys.length).toBe(8);
  for (const name of keys) {
    expect(statSync(join(folder, 'vault', 'keys', name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'vault', 'keys', name), 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
  }
});

test('the life of a plugin, with each dry run first', { timeout: 120_000 }, async () => {
  const writes: readonly (readonly string[])[] = [
    ['publish', 'hello'],
    ['target', 'add', 'password.pub'],
    [
      'trust',
      'init',
      join(folder, 'vault', 'public'),
      '--root',
      'vault/1.root.json',
      '--single-signer',
      '--alias',
      'here',
    ],
    ['install', 'acme/hello'],
    ['yank', 'acme/hello@1.0.0', '--reason', 'a test'],
    ['target', 'remove', 'password.pub'],
    ['key', 'rotate', 'snapshot'],
    ['uninstall', 'acme/hello'],
    ['trust', 'remove', 'here', '--yes'],
  ];
  writeFileSync(join(folder, 'password.pub'), 'a public key');
  for (const command of writes) {
    const before = [hashOf('vault'), readdirSync(folder).includes('home') ? hashOf('home') : ''];
    await run([...command, '--dry-run']);
    expect([hashOf('vault'), readdirSync(folder).includes('home') ? hashOf('home') : '']).toEqual(before);
    const { stdout } = await run([...command, '--json']);
    expect(json(stdout)).toBeInstanceOf(Object);
  }
});

test('reading commands answer in JSON', { timeout: 60_000 }, async () => {
  for (const command of [
    ['status'],
    ['key', 'list'],
    ['target', 'list'],
    ['target', 'list', 'vendor.acme'],
    ['trust', 'list'],
    ['env'],
  ]) {
    const { stdout } = await run([...command, '--json']);
    expect(json(stdout)).toBeInstanceOf(Object);
  }
});

test(
  'a published version never changes: other content under it is refused',
  { timeout: 30_000 },
  async () => {
    writeFileSync(join(folder, 'hello', 'index.js'), 'export const greet = (name) => `bye, ${name}`;\n');
    const { stderr } = await run(['publish', 'hello'], 9);
    expect(stderr).toMatch(/\[(?:VERSION_EXISTS|PATH_IMMUTABLE)\]/);
  },
);

test('root is rotated only by somebody who means it', { timeout: 30_000 }, async () => {
  const { stderr } = await run(['key', 'rotate', 'root'], 7);
  expect(stderr).toContain('[CONFIRMATION_REQUIRED]');
});

test('a misspelt setting is named', async () => {
  const path = join(folder, 'vault', 'ragv.toml');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('vendor =', 'vendr ='));
  const { stderr } = await run(['status'], 2);
  writeFileSync(path, text);
  expect(stderr).toContain('vend');
  expect(stderr).toContain('[BAD_CONFIG]');
});

test(
  'a wrong password opens nothing and is never shown; nor is the right one',
  { timeout: 30_000 },
  async () => {
    writeFileSync(env.RAGV_KEY_PASSWORD_FILE, 'not the password\n', { mode: 0o600 });
    const { stderr } = await run(['refresh', '--force'], 7);
    expect(stderr).toContain('[BAD_PASSWORD]');
    expect(outputs.join('\n')).not.toContain(password);
    expect(outputs.join('\n')).not.toContain('not the password');
  },
);
