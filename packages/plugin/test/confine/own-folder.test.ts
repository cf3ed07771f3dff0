/** Folders of a process: swept when it was killed, by whoever comes next, and never while it runs, wherever it counts its processes. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
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
