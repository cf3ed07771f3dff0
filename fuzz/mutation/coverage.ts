/** `npm run mutation -- --coverage`: the trust core's own tests reach every branch of it, or this fails. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function coverage(): number {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const thresholds = ['branches', 'functions', 'lines', 'statements'].map(
    (what) => `--coverage.thresholds.${what}=100`,
  );
  const of = ['--coverage', '--coverage.include=packages/tuf/src/**', '--coverage.reporter=text'];
  const folder = `--coverage.reportsDirectory=${join(tmpdir(), 'ragv-coverage')}`;
  const options = { cwd: root, stdio: 'inherit' } as const;
  return (
    spawnSync(process.execPath, [vitest, 'run', 'packages/tuf', ...of, ...thresholds, folder], options)
      .status ?? 1
  );
}
