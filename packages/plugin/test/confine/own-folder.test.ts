/** Folders of a process: swept when it was killed, by whoever comes next, and never while it runs, wherever it counts its processes. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { findBubblewrap } from '../../src/confine/programs.ts';
import { makeOwnFolder } from '../../src/confine/own-folder.ts';
import { sandboxed, temporary } from './support.ts';

const prefix = 'ragv-own-';
const script = (name: string): readonly string[] => [
  '--conditions=@ragnos/source',
  path.join(import.meta.dirname, name),
];

function run(command: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  const said: readonly unknown[] = await once(child.stdout, 'data');
  return String(said[0]).trim();
}

/** As we are, but for these. */
const inside = async (...options: readonly string[]): Promise<readonly string[]> => [
  await findBubblewrap(),
  '--dev-bind',
  '/',
  '/',
  '--unshare-user',
  '--die-with-parent',
  ...options,
  process.execPath,
];

test('one that was killed is swept by the next process; ours, and what is none of ours, stays', async () => {
  const base = temporary();
  const ours = await makeOwnFolder(prefix, base);
  expect(statSync(ours.path).mode & 0o077).toBe(0);
  mkdirSync(path.join(base, `${prefix}1-else`));
  writeFileSync(path.join(base, `${prefix}1-file`), '');
  const make = [process.execPath, ...script('own-folder-process.ts'), prefix, base];
  const first = run(make);
  const theirs = await firstLine(first);
  expect(existsSync(theirs)).toBe(true);
  const ended = once(first, 'exit');
  first.kill('SIGKILL');
  await ended;
  await firstLine(run(make));
  expect([existsSync(theirs), existsSync(ours.path)]).toEqual([false, true]);
  ours.remove();
  ours.remove();
  expect(existsSync(path.dirname(ours.path))).toBe(false);
  expect(readdirSync(base)).toHaveLength(3);
});

test.skipIf(!sandboxed)('a process in another process namespace leaves those that are in use', async () => {
  const base = temporary();
  const ours = await makeOwnFolder(prefix, base);
  const elsewhere = await inside('--unshare-pid', '--proc', '/proc');
  const theirs = await firstLine(run([...elsewhere, ...script('own-folder-process.ts'), prefix, base]));
  expect([existsSync(ours.path), existsSync(theirs)]).toEqual([true, true]);
  ours.remove();
});

test.skipIf(!sandboxed)('where memory is full when the copy is made, it is made on the disk', async () => {
  const small = await inside('--size', '140000000', '--tmpfs', '/dev/shm');
  const child = run([...small, ...script('full-memory-process.ts'), temporary()]);
  expect(await firstLine(child)).toBe('up');
});

test.skipIf(process.platform === 'win32')(
  'what a plugin closed is removed all the same, and what cannot be is left to the next sweep',
  async () => {
    const base = mkdtempSync('/tmp/ragv-confine-'); // TMPDIR may be one that only we may look into
    onTestFinished(() => rmSync(base, { recursive: true, force: true }));
    chmodSync(base, 0o777);
    const make = [process.execPath, ...script('own-folder-closed-process.ts'), prefix, base];
    expect(await firstLine(run(make))).toBe('removed, stays');
    const [stays = ''] = readdirSync(base);
    expect(existsSync(path.join(base, stays, 'lock'))).toBe(true);
    expect(await firstLine(run(make))).toBe('removed, stays');
    expect(existsSync(path.join(base, stays))).toBe(false);
  },
);

test('where the system knows no users, what was left is swept', async () => {
  const base = temporary();
  const left = await makeOwnFolder(prefix, base);
  const around = path.dirname(left.path);
  left.remove();
  mkdirSync(path.join(around, 'own'), { recursive: true });
  writeFileSync(path.join(around, 'lock'), '');
  const geteuid = process.geteuid;
  onTestFinished(() => void Object.assign(process, { geteuid }));
  Object.assign(process, { geteuid: undefined });
  await makeOwnFolder(path.basename(around).slice(0, -1), base); // which was not swept here yet
  expect(existsSync(around)).toBe(false);
});
