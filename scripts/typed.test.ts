/** No TypeScript that nobody checks: what is neither a package's source nor in tsconfig.test.json is found here. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

test('every TypeScript file is type-checked by npm test', () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', 'tsconfig.test.json', '--listFilesOnly'];
  const listed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const checked = new Set(listed.split('\n').map((path) => relative(root, path)));
  const exclude = ['**/node_modules/**', '**/dist/**', '**/out/**', '**/.*/**'];
  const folders = ['bench', 'conformance', 'examples', 'fuzz', 'interop', 'packages/*/test', 'scripts'];
  for (const folder of folders) {
    const files = globSync(`${folder}/**/*.{ts,mts}`, { cwd: root, exclude });
    expect(files.filter((file) => !checked.has(file) && !/\.d\.m?ts$/.test(file))).toEqual([]);
  }
  expect([...checked].some((file) => file.startsWith('fuzz/mutation/'))).toBe(true);
});
