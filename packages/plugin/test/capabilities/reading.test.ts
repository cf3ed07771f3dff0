/** What was read once is not read again, and says the same. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { inspectFiles } from '../../src/capabilities/inspect.ts';
import type { Inspection } from '../../src/capabilities/inspection.ts';

const inspect = (files: Readonly<Record<string, string>>): Promise<Inspection> =>
  inspectFiles(
    Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
    (path) => Buffer.from(files[path] ?? ''),
  );

describe('a program that was read before', () => {
  const code = "const fs = require('fs');\nfs.writeFileSync('/etc/hosts', '');\n";

  test('is found where it lies now', async () => {
    const first = await inspect({ 'a.js': code });
    const second = await inspect({ 'b.js': code });
    expect(first.used.map(({ evidence }) => evidence)).toEqual([
      [{ file: 'a.js', line: 2, what: 'fs.writeFileSync' }],
    ]);
    expect(second.used.map(({ evidence }) => evidence)).toEqual([
      [{ file: 'b.js', line: 2, what: 'fs.writeFileSync' }],
    ]);
    expect(second).toMatchObject({ programs: first.programs, bytes: first.bytes });
  });

  test('is read anew for another kind of program', async () => {
    const awaits = 'await fetch("https://example.org/");';
    expect((await inspect({ 'a.mjs': awaits })).unread).toEqual([]);
    expect((await inspect({ 'a.cjs': awaits })).unread).toEqual([]); // Node takes it for a module, too
    const script = 'with (a) { b; }';
    expect((await inspect({ 'a.cjs': script })).unread).toEqual([]);
  });

  test('counts as code made from text each time, if it is nested too deep', async () => {
    const deep = `x${'.a(y => y'.repeat(4000)}${')'.repeat(4000)};`;
    for (const name of ['a.js', 'b.js']) {
      const { used } = await inspect({ [name]: deep });
      expect(used.map(({ capability }) => capability)).toContain('eval');
    }
  });
});

test('Node does not tell whoever installs a plugin that its own types are an experiment', () => {
  const code = `import { inspectFiles } from '@ragnos/plugin';
    const { used } = await inspectFiles([{ path: 'a.ts', size: 9 }], () => Buffer.from('fetch(a as string)'));
    console.log(used[0].capability);
    process.emitWarning('ours');`;
  const args = ['--conditions=@ragnos/source', '--input-type=module', '-e', code];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  expect(stdout).toBe('net.connect\n');
  expect(stderr).not.toContain('experimental');
  expect(stderr).toContain('ours');
});
