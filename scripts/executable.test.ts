import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeExecutable } from './executable.ts';

test('a command that was just compiled can be executed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ragv-executable-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [file, text] of [
    ['src/main.ts', ''],
    ['dist/main.js', '#!/bin/sh\necho here\n'],
  ] as const) {
    mkdirSync(join(folder, file, '..'));
    writeFileSync(join(folder, file), text, { mode: 0o644 });
  }
  makeExecutable({ folder, manifest: { name: 'x', bin: { x: './dist/main.js' } } });
  expect(statSync(join(folder, 'dist/main.js')).mode & 0o777).toBe(0o755);
  expect(execFileSync(join(folder, 'dist/main.js'), { encoding: 'utf8' })).toBe('here\n');
});

test('npm run build ends with it', () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  expect(text).toMatch(/"build": "tsc -b [^"]* && node scripts\/executable\.ts"/);
});
