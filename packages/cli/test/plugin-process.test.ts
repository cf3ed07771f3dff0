/** `ragv run`: stdin, stdout, signals and the exit code are the plugin's; `ragv trust init --dry-run` verifies what it would trust. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { listen, world, write } from './ragv.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery' });
const { folder, ragv, start } = here;
const trust = 'trust init v/public --root v/1.root.json';

beforeAll(async () => {
  const source = join(folder, 'echo');
  write(
    join(source, 'package.json'),
    JSON.stringify({
      name: 'echo',
      version: '1.0.0',
      description: 'repeats',
      bin: { echo: 'echo.cjs', waits: 'waits.cjs', dies: 'dies.cjs' },
    }),
  );
  write(join(source, 'echo.cjs'), 'process.stdin.pipe(process.stdout);\n');
  write(
    join(source, 'waits.cjs'),
    `const timer = setTimeout(() => {}, 60_000);
for (const [signal, code] of [['SIGTERM', 42], ['SIGINT', 43]])
  process.on(signal, () => { console.log(signal); clearTimeout(timer); setTimeout(() => process.exit(code), 100); });
console.log('ready');
`,
  );
  write(join(source, 'dies.cjs'), "process.kill(process.pid, 'SIGKILL');\n");
  for (const line of ['init v --vendor acme', 'publish echo --vault v']) {
    const said = await ragv(line);
    if (said.exit !== 0) throw new Error(said.stderr);
  }
}, 60_000);

test(
  'a dry trust is refused where a real one would be, and leaves no trace',
  { timeout: 60_000 },
  async () => {
    expect((await ragv(`${trust} --dry-run`)).stderr).toContain('[SINGLE_SIGNER_ROOT]');
    const wrong = 'f'.repeat(64);
    const refused = await ragv(`trust init v/public --fingerprint ${wrong} --single-signer --dry-run`);
    expect(refused).toMatchObject({ exit: 3, stdout: '' });
    expect(refused.stderr).toContain('[ROOT_PIN_MISMATCH]');
    expect((await ragv('trust init v/public --fingerprint 00')).stderr).toContain(
      'is no fingerprint [USAGE]',
    );
    expect((await ragv('trust init nonsense: --root v/1.root.json')).exit).toBe(2);
    expect(await ragv(`${trust} --single-signer --dry-run`)).toMatchObject({ exit: 0 });
    expect(existsSync(join(folder, 'home'))).toBe(false);
  },
);

test('the fingerprint is taken as `ragv status` prints it', { timeout: 60_000 }, async () => {
  const printed = /sha256:[0-9a-f]{64}/.exec((await ragv('status --vault v')).stdout)?.[0] ?? '';
  expect(await ragv(`trust init v/public --fingerprint ${printed} --single-signer`)).toMatchObject({
    exit: 0,
  });
  expect(await ragv('install acme/echo')).toMatchObject({ exit: 0 });
});

test('stdin and stdout pass through byte for byte', { timeout: 60_000 }, async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
  const child = start(['run', '--quiet', 'acme/echo']);
  const out: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stdin?.end(bytes);
  await once(child, 'close');
  expect(child.exitCode).toBe(0);
  expect(Buffer.concat(out).equals(bytes)).toBe(true);
});

test.for([
  ['SIGTERM', 42],
  ['SIGINT', 43],
] as const)(
  '%s reaches the plugin once, and its exit code counts',
  { timeout: 60_000 },
  async ([signal, exit]) => {
    const child = start(['run', '--bin', 'waits', 'acme/echo']);
    const ended = listen(child);
    let heard = '';
    while (!heard.includes('ready')) heard += String(await once(child.stdout ?? child, 'data'));
    child.kill(signal);
    const said = await ended;
    expect(said).toMatchObject({ exit, stdout: `ready\n${signal}\n` });
    expect(said.stderr).not.toContain('interrupted');
  },
);

test('a plugin that is killed ends with 128 and the number of the signal', { timeout: 60_000 }, async () => {
  expect(await ragv('run --quiet --bin dies acme/echo')).toMatchObject({ exit: 137, stdout: '', stderr: '' });
});

test('a command that does not exist is 5, with those that do', { timeout: 60_000 }, async () => {
  const said = await ragv('run --bin nope acme/echo');
  expect(said).toMatchObject({ exit: 5, stdout: '' });
  expect(said.stderr).toMatch(/\[NO_SUCH_COMMAND\]\nhint: .*dies, echo, waits/);
});

test(
  'a reader that goes away stops no work: a publish that nobody listens to is published',
  { timeout: 60_000 },
  async () => {
    write(join(folder, 'note.txt'), 'a note\n');
    const child = start(['target', 'add', 'note.txt', '--vault', 'v']);
    child.stdout?.destroy();
    child.stderr?.destroy();
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
    expect((await ragv('target list --vault v')).stdout).toContain('note.txt');
  },
);
