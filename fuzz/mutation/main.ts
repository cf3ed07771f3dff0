/**
 * `npm run mutation [-- <file> … [--tests <name>,…] | --coverage]`: Stryker over packages/tuf/src, or over the named files of
 * it; with `--tests` by those tests alone, which is quick; of what survives those, all of them may kill some. It works on a
 * copy outside the tree, where `@ragnos/tuf` is the copy and nothing else, so that each mutant is what the tests run on.
 *
 * Every mutant that survives must stand in `survivors.ts` with its reason, and nothing may stand there that does not survive.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { say } from '../lib/say.ts';
import { coverage } from './coverage.ts';
import { judge } from './survivors.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { coverage: { type: 'boolean', default: false }, tests: { type: 'string', default: '*' } },
});
if (values.coverage) process.exit(coverage());
const tests = values.tests.split(',').map((name) => `packages/tuf/test/${name}.test.ts`);
if (!existsSync(join(here, 'node_modules', '@stryker-mutator', 'vitest-runner')))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: here,
    stdio: 'inherit',
  });

const mutate =
  asked.length === 0 ? ['packages/tuf/src/**/*.ts'] : asked.map((file) => `packages/tuf/src/${file}`);
const folder = mkdtempSync(join(tmpdir(), 'ragv-mutation-'));
try {
  const copied = join(folder, 'packages', 'tuf');
  mkdirSync(copied, { recursive: true });
  for (const name of ['src', 'test', 'package.json'])
    cpSync(join(root, 'packages', 'tuf', name), join(copied, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'mutation', private: true, type: 'module' }),
  );
  writeFileSync(
    join(folder, 'vitest.config.mjs'),
    `export default {
  resolve: { alias: { '@ragnos/tuf': new URL('packages/tuf/src/index.ts', import.meta.url).pathname } },
  test: { include: ${JSON.stringify(tests)}, exclude: ['**/threats.test.ts'], testTimeout: 60000 },
};`,
  );
  writeFileSync(
    join(folder, 'stryker.config.json'),
    JSON.stringify({
      mutate,
      testRunner: 'vitest',
      plugins: [
        join(here, 'node_modules', '@stryker-mutator', 'vitest-runner', 'dist', 'src', 'index.js'),
        join(here, 'ignore-text.js'),
      ],
      ignorers: ['text'],
      coverageAnalysis: 'perTest',
      inPlace: true,
      concurrency: 2,
      timeoutFactor: 1.2,
      timeoutMS: 10_000, // where others are at work too, less would count what is only slow as killed
      checkers: [],
      allowConsoleColors: false,
      reporters: ['clear-text', 'json', 'progress-append-only'],
      jsonReporter: { fileName: 'report.json' },
      clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
      disableTypeChecks: false,
    }),
  );
  const stryker = join(here, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const ran = spawnSync(process.execPath, [stryker, 'run'], { cwd: folder, stdio: 'inherit' });
  if (ran.status !== 0) throw new Error(`stryker ended with ${ran.status}`);
  const report: unknown = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
  const outcome = judge(report, asked.length === 0 && values.tests === '*');
  for (const line of outcome.lines) say(line);
  process.exitCode = outcome.good ? 0 : 1;
} finally {
  if (process.env['RAGV_KEEP_MUTATION'] === undefined) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
