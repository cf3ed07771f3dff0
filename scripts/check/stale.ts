import { existsSync } from 'node:fs';
import { glob, rm } from 'node:fs/promises';
import path from 'node:path';
import { root } from './step.ts';

/** tsc leaves the output of a source that was moved or deleted, and `npm pack` would publish it. */
export async function removeStaleOutput(): Promise<void> {
  for await (const file of glob('packages/*/dist/**/*.{js,d.ts}', { cwd: root })) {
    const source = file.replace(/^(packages[\\/][^\\/]+[\\/])dist/, '$1src').replace(/(\.d\.ts|\.js)$/, '');
    if (!['.ts', '.tsx'].some((ending) => existsSync(path.join(root, source + ending))))
      await rm(path.join(root, file));
  }
}
