/**
 * `npm run bench [-- client growth lookup artifact install verify publish layout load startup] [--times N] [--write-docs]`: every figure stands beside a
 * peer's or a floor's of the same run. Prints Markdown, writes the same as JSON to bench/out/, and with --write-docs the page
 * docs/benchmarks/<question>.md of each question that was asked.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, loadavg, platform } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toSvg } from './lib/chart.ts';
import { setUpPackages } from './lib/packages.ts';
import { peerVersions } from './lib/peers.ts';
import { removeWork } from './lib/work.ts';
import { toMarkdown, type Answer } from './lib/table.ts';

type Ask = (times: number) => Promise<Iterable<Answer> | AsyncIterable<Answer>>;

const questions: Readonly<Record<string, Ask>> = {
  client: async (times) => (await import('./questions/client.ts')).client(times),
  growth: async (times) => (await import('./questions/growth.ts')).growth(times),
  lookup: async (times) => (await import('./questions/lookup.ts')).lookup(times),
  artifact: async (times) => (await import('./questions/artifact.ts')).artifact(times),
  install: async (times) => (await import('./questions/install.ts')).install(times),
  load: async (times) => (await import('./questions/load.ts')).load(times),
  verify: async (times) => (await import('./questions/verify.ts')).verify(times),
  layout: async (times) => (await import('./questions/layout.ts')).layout(times),
  publish: async (times) => (await import('./questions/publish.ts')).publish(times),
  startup: async (times) => (await import('./questions/startup.ts')).startup(times),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '7' }, 'write-docs': { type: 'boolean', default: false } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(questions);
const times = Number(values.times);
await setUpPackages();
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${platform()} ${arch()}`;
const versions = { node: process.versions.node, ...peerVersions() };
const where = `${machine}; ${Object.entries(versions)
  .map((version) => version.join(' '))
  .join(', ')}`;
const answers: Answer[] = [];
for (const name of chosen) {
  const ask = questions[name];
  if (ask === undefined)
    throw new Error(`no such question: ${name}; there are ${Object.keys(questions).join(', ')}`);
  const load = loadavg()[0] ?? 0;
  const own: Answer[] = [];
  for await (const answer of await ask(times)) {
    own.push(answer);
    console.log(`${toMarkdown(answer)}\n`);
  }
  answers.push(...own);
  if (values['write-docs']) await writePage(name, own, load);
}
await removeWork();
console.log(`npm run bench -- ${[...chosen, '--times', times].join(' ')}\n${where}; medians`);
const out = fileURLToPath(new URL('out/', import.meta.url));
await mkdir(out, { recursive: true });
await writeFile(`${out}bench.json`, `${JSON.stringify({ machine, versions, times, answers }, null, 2)}\n`);
console.log('written to bench/out/bench.json');

/** `load`: processes that wanted a core when it began, ours not among them. */
async function writePage(name: string, own: readonly Answer[], load: number): Promise<void> {
  const docs = fileURLToPath(new URL('../docs/benchmarks/', import.meta.url));
  for (const { chart } of own) if (chart !== undefined) await writeFile(`${docs}${chart.file}`, toSvg(chart));
  const page = [
    `# Benchmark: ${name}`,
    `Written by \`npm run bench -- ${name} --times ${times} --write-docs\` on ${where}. Medians; our packages as they are published; ${load.toFixed(1)}
other processes were at work when it began. A shared machine has slow minutes: programs run in turns, so that these hit all alike, and the ratios are what counts.`,
    ...own.map(toMarkdown),
  ].join('\n\n');
  const path = `${docs}${name}.md`;
  await writeFile(path, `${page}\n`);
  const prettier = fileURLToPath(new URL('../node_modules/prettier/bin/prettier.cjs', import.meta.url));
  execFileSync(process.execPath, [prettier, '--write', '--log-level=warn', path], { stdio: 'inherit' });
  console.log(`written to docs/benchmarks/${name}.md`);
}
