import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { passwordSource, passwordVariables, type PasswordSourceOptions } from '@ragnos/signing';
import { tmp } from './tmp.ts';

const code = (expected: string): unknown => expect.objectContaining({ name: 'SigningError', code: expected });
function file(content: string | Uint8Array, mode = 0o600): string {
  const path = join(tmp(), 'password');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}
async function answer(
  options: Partial<PasswordSourceOptions>,
): Promise<readonly [text: string, from: string]> {
  const password = await passwordSource({ role: 'root', env: {}, ...options })({ for: 'keys/root.pem' });
  return [password.reveal(), password.from];
}

test('the order of places, each shadowing those after it', async () => {
  const places: Partial<PasswordSourceOptions>[] = [
    { file: file('1') },
    { stdin: Readable.from(['2']) },
    { env: { RAGV_ROOT_KEY_PASSWORD_FILE: file('3') } },
    { env: { RAGV_ROOT_KEY_PASSWORD: '4' } },
    { env: { RAGV_KEY_PASSWORD_FILE: file('5') } },
    { env: { RAGV_KEY_PASSWORD: '6' } },
    { prompt: () => Promise.resolve('7') },
  ];
  for (let first = 0; first < places.length; first++) {
    const left = places.slice(first);
    const env = Object.assign({}, ...left.map((place) => place.env ?? {})) as Record<string, string>;
    const [text] = await answer({ ...Object.assign({}, ...left.toReversed()), env } as PasswordSourceOptions);
    expect(text).toBe(String(first + 1));
  }
});

test('roles as variables', () => {
  expect(passwordVariables('root')).toEqual([
    'RAGV_ROOT_KEY_PASSWORD_FILE',
    'RAGV_ROOT_KEY_PASSWORD',
    'RAGV_KEY_PASSWORD_FILE',
    'RAGV_KEY_PASSWORD',
  ]);
  expect(passwordVariables('vendor.acme-1')[1]).toBe('RAGV_VENDOR_ACME_1_KEY_PASSWORD');
  expect(passwordVariables('root', { isNew: true })[1]).toBe('RAGV_ROOT_KEY_NEW_PASSWORD');
});

test('a password to be chosen has variables of its own, so that the old one is never taken for it', async () => {
  const env = { RAGV_KEY_PASSWORD: 'old', RAGV_KEY_NEW_PASSWORD: 'new' };
  expect((await answer({ env, isNew: true }))[0]).toBe('new');
  await expect(answer({ env: { RAGV_KEY_PASSWORD: 'old' }, isNew: true })).rejects.toThrow(
    code('PASSWORD_REQUIRED'),
  );
});

test('none: there is no default, and the hint says every way to give one', async () => {
  const error: unknown = await answer({ role: 'vendor.acme' }).catch((e: unknown) => e);
  expect(error).toEqual(code('PASSWORD_REQUIRED'));
  for (const way of ['--password-file', '--password-stdin', ...passwordVariables('vendor.acme')])
    expect(error).toHaveProperty('hint', expect.stringContaining(way));
});

describe('files', () => {
  const contents: Record<string, [content: string, password: string]> = {
    plain: ['secret', 'secret'],
    'one line break is the editor’s': ['secret\n', 'secret'],
    'also that of Windows': ['secret\r\n', 'secret'],
    'but only one': ['secret\n\n', 'secret\n'],
    'spaces count': [' secret ', ' secret '],
    'a mark of byte order counts': ['\ufeffsecret', '\ufeffsecret'],
    'any language': ['пароль 🔑', 'пароль 🔑'],
    '1024 bytes': ['x'.repeat(1024), 'x'.repeat(1024)],
  };
  for (const [name, [content, password]] of Object.entries(contents))
    test(`content: ${name}`, async () => expect((await answer({ file: file(content) }))[0]).toBe(password));

  const bad: Record<string, string | Uint8Array> = {
    empty: '',
    'a line break only': '\n',
    'more than 1024 bytes': 'x'.repeat(1025),
    'a megabyte': 'x'.repeat(1_000_000),
    'no UTF-8': Uint8Array.of(0xff, 0xfe, 0x41),
    'with NUL': 'a\0b',
  };
  for (const [name, content] of Object.entries(bad))
    test(`${name} is refused`, () =>
      expect(answer({ file: file(content) })).rejects.toThrow(code('BAD_PASSWORD_SOURCE')));

  test('missing is refused, and the next place is not tried', async () => {
    const env = { RAGV_ROOT_KEY_PASSWORD_FILE: join(tmp(), 'none'), RAGV_ROOT_KEY_PASSWORD: 'x' };
    const error: unknown = await answer({ env }).catch((e: unknown) => e);
    expect(error).toEqual(code('BAD_PASSWORD_SOURCE'));
    expect(error).toHaveProperty('message', expect.stringContaining('RAGV_ROOT_KEY_PASSWORD_FILE='));
  });
  test.skipIf(process.platform === 'win32')('readable by others is refused', () =>
    expect(answer({ file: file('x', 0o644) })).rejects.toThrow(code('KEY_UNPROTECTED')),
  );
  test.skipIf(process.platform === 'win32')('a pipe will do', async () => {
    const path = join(tmp(), 'pipe');
    execFileSync('mkfifo', ['-m', '600', path]);
    const [[text]] = await Promise.all([answer({ file: path }), writeLater(path, 'from a pipe\n')]);
    expect(text).toBe('from a pipe');
  });
  test.skipIf(process.platform === 'win32')('a pipe is read once, for all roles', async () => {
    const path = join(tmp(), 'pipe');
    execFileSync('mkfifo', ['-m', '600', path]);
    const roles = ['root', 'targets', 'snapshot'];
    const asked = roles.map((role) => passwordSource({ role, env: {}, file: path })({ for: role }));
    await writeLater(path, 'for all\n');
    expect((await Promise.all(asked)).map((password) => password.reveal())).toEqual(
      roles.map(() => 'for all'),
    );
  });
  test.skipIf(process.platform === 'win32')(
    'a pipe that nobody writes to holds us until the abort',
    async () => {
      const path = join(tmp(), 'pipe');
      execFileSync('mkfifo', ['-m', '600', path]);
      const reason = new Error('enough');
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      const password = passwordSource({ role: 'root', env: {}, file: path });
      await expect(password({ for: 'keys/root.pem', signal: controller.signal })).rejects.toBe(reason);
    },
  );
});

async function writeLater(path: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, text);
}

describe('an empty variable is a missing secret, not a missing variable', () => {
  for (const name of passwordVariables('root'))
    test(`${name} is refused`, () =>
      expect(answer({ env: { [name]: '' }, prompt: () => Promise.resolve('x') })).rejects.toThrow(
        code('BAD_PASSWORD_SOURCE'),
      ));
});

describe('standard input', () => {
  test('is read once, for all roles', async () => {
    const stdin = new PassThrough();
    stdin.end('se');
    const sources = ['root', 'targets'].map((role) => passwordSource({ role, env: {}, stdin }));
    const passwords = await Promise.all(sources.map((source) => source({ for: 'x' })));
    expect(passwords.map((password) => password.reveal())).toEqual(['se', 'se']);
    expect((await sources[0]?.({ for: 'x' }))?.reveal()).toBe('se');
  });
  test('endless is refused', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1000, 'x');
      })(),
    );
    await expect(answer({ stdin: endless })).rejects.toThrow(code('BAD_PASSWORD_SOURCE'));
  });
  test('empty is refused', () =>
    expect(answer({ stdin: Readable.from([]) })).rejects.toThrow(code('BAD_PASSWORD_SOURCE')));
});

describe('the prompt', () => {
  test('asks once and remembers', async () => {
    const questions: string[] = [];
    const prompt = (question: string): Promise<string> =>
      Promise.resolve(`answer ${questions.push(question)}`);
    const source = passwordSource({ role: 'root', env: {}, prompt });
    for (let i = 0; i < 3; i++) expect((await source({ for: 'keys/root.pem' })).reveal()).toBe('answer 1');
    expect(questions).toEqual(['password of the root key keys/root.pem: ']);
  });
  test('asks twice for a new one, and refuses two different answers', async () => {
    let count = 0;
    const prompt = (): Promise<string> => Promise.resolve(`answer ${count++}`);
    const source = passwordSource({ role: 'root', env: {}, prompt });
    await expect(source({ for: 'x', isNew: true })).rejects.toThrow(code('BAD_PASSWORD_SOURCE'));
    const same = passwordSource({ role: 'root', env: {}, prompt: () => Promise.resolve('same') });
    expect((await same({ for: 'x', isNew: true })).reveal()).toBe('same');
  });
  test('empty is refused; nothing is remembered of a refusal', async () => {
    const answers = ['', 'good'];
    const source = passwordSource({
      role: 'root',
      env: {},
      prompt: () => Promise.resolve(answers.shift() ?? ''),
    });
    await expect(source({ for: 'x' })).rejects.toThrow(code('BAD_PASSWORD_SOURCE'));
    expect((await source({ for: 'x' })).reveal()).toBe('good');
  });
  test('is handed the signal', async () => {
    const reason = new Error('interrupted');
    const source = passwordSource({ role: 'root', env: {}, prompt: () => Promise.resolve('x') });
    await expect(source({ for: 'x', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

test('a refused secret is in no message, hint or cause', async () => {
  const secret = 'hunter2\0';
  const error: unknown = await answer({ env: { RAGV_KEY_PASSWORD: secret } }).catch((e: unknown) => e);
  expect(error).toEqual(code('BAD_PASSWORD_SOURCE'));
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
});
