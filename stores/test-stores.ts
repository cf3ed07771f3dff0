// `npm run test:stores [-- <store>… --short]`: the drivers on real servers, and publishers at once over the one for S3.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../interop/lib/run.ts';
import { Tally } from '../interop/lib/tally.ts';
import { cache, NotHereError, type Running, type Store } from './lib/server.ts';
import { publishTogether } from './publishers/main.ts';
import { fakeGcs } from './fake-gcs/store.ts';
import { moto } from './moto/store.ts';
import { radosgw } from './radosgw/store.ts';
import { sdks } from './sdks/store.ts';
import { azurite } from './azurite/store.ts';

const all: readonly { readonly store: Store; readonly tests: readonly string[] }[] = [
  { store: radosgw, tests: ['s3', 'ragv'] },
  { store: azurite, tests: ['azure', 'ragv'] },
  { store: fakeGcs, tests: ['gcs', 'ragv'] },
  { store: moto, tests: ['cloudfront'] },
  { store: sdks, tests: ['sdks'] },
];

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const short = args.includes('--short');
const unknown = names.filter((name) => all.every(({ store }) => store.name !== name));
const unknownFlags = args.filter((arg) => arg.startsWith('--') && arg !== '--short');
if (unknown.length > 0 || unknownFlags.length > 0) {
  console.error(
    `unknown: ${[...unknown, ...unknownFlags].join(', ')}; stores are ${all.map(({ store }) => store.name).join(', ')}; there is --short`,
  );
  process.exit(2);
}
const required = process.env['RAGV_REQUIRE_STORES'] === '1';
const tally = new Tally();
await mkdir(cache, { recursive: true });
const scratch = await mkdtemp(join(tmpdir(), 'ragv-stores-'));

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${name.padEnd(60)}${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s`);
  return result;
}

/** `null`: it is not here, or does not start; the tally knows. */
async function started(store: Store): Promise<Running | null> {
  const folder = join(scratch, store.name);
  await mkdir(folder);
  let there = false;
  try {
    await step(`set up ${store.name}`, () => store.setUp());
    there = true;
    return await step(`start ${store.name}`, () => store.start(folder));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof NotHereError && !there && !required) tally.skip(store.name, why);
    else tally.check(`start ${store.name}`, why);
    return null;
  }
}

/** Counts what vitest ran; a file that could not even be loaded is a failure. */
async function runTests(name: string, env: Running['env']): Promise<void> {
  const report = join(scratch, `${name}.json`);
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
  const config = join(import.meta.dirname, 'vitest.config.ts');
  const ran = await run(
    process.execPath,
    [
      vitest,
      'run',
      '--config',
      config,
      `stores/test/${name}.test.ts`,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: join(import.meta.dirname, '..'), env, timeoutMs: 15 * 60_000 },
  );
  const counts = countsOf(await readFile(report, 'utf8').catch(() => '{}'));
  for (let i = 0; i < counts.passed; i++) tally.check(name, null);
  const failed = Math.max(counts.failed, ran.code === 0 && counts.passed > 0 ? 0 : 1);
  for (let i = 0; i < failed; i++)
    tally.check(`tests of ${name}`, i === 0 ? `\n${ran.stdout}${ran.stderr}` : 'one more');
}

function countsOf(json: string): { readonly passed: number; readonly failed: number } {
  const report: unknown = JSON.parse(json);
  const number = (name: string): number => {
    const value: unknown = typeof report === 'object' && report !== null ? Reflect.get(report, name) : 0;
    return typeof value === 'number' ? value : 0;
  };
  return { passed: number('numPassedTests'), failed: number('numFailedTests') };
}

const wanted = names.length === 0 ? all : all.filter(({ store }) => names.includes(store.name));
try {
  for (const { store, tests } of wanted) {
    const running = await started(store);
    if (running === null) continue;
    try {
      for (const name of tests)
        await step(`${store.name}: tests of ${name}`, () => runTests(name, running.env));
      if (store === radosgw)
        await step(`${store.name}: publishers at once`, () =>
          publishTogether(running.env, short, join(scratch, 'together'), tally),
        );
    } finally {
      await running.stop();
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log();
console.log(tally.line);
process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
