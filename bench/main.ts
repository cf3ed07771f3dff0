/**
 * `npm run bench [-- client growth lookup artifact install verify startup] [--times N] [--write-docs]`: every figure stands beside a peer's or a
 * floor's of the same run. Prints Markdown, writes the same as JSON to bench/out/, and with --write-docs to
 * docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
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
  verify: async (times) => (await import('./questions/verify.ts')).verify(times),
  publish: async (times) => (await import('./questions/publish.ts')).publish(times),
  startup: async (times) => (await import('./questions/startup.ts')).startup(times),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '7' }, 'write-docs': { type: 'boolean', default: false } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(questions);
const { times } = values;
await setUpPackages();
const answers: Answer[] = [];
const asked: string[] = [];
for (const name of chosen) {
  const ask = questions[name];
  if (ask === undefined)
    throw new Error(`no such question: ${name}; there are ${Object.keys(questions).join(', ')}`);
  for await (const answer of await ask(Number(times))) {
    answers.push(answer);
    asked.push(toMarkdown(answer));
    console.log(`${toMarkdown(answer)}\n`);
  }
}
await removeWork();
const about = {
  command: `npm run bench -- ${[...chosen, '--times', times].join(' ')}`,
  machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${platform()} ${arch()}`,
  versions: { node: process.versions.node, ...peerVersions() },
  times: Number(times),
};
const versions = Object.entries(about.versions).map((version) => version.join(' '));
console.log(`${about.command}\n${about.machine}; ${versions.join(', ')}; medians`);
const out = fileURLToPath(new URL('out/', import.meta.url));
await mkdir(out, { recursive: true });
await writeFile(`${out}bench.json`, `${JSON.stringify({ ...about, answers }, null, 2)}\n`);
console.log('written to bench/out/bench.json');
if (values['write-docs']) {
  const page = [
    '# Benchmarks',
    `Written by \`${about.command} --write-docs\` on ${about.machine}; ${versions.join(', ')}. Medians; our packages as they are published. A shared machine
has slow minutes: programs run in turns, so that these hit all of them alike, and the ratios are what counts. Peak memory is the largest resident set that the kernel tells the parent of each process, of every program alike; 7 MB,
what that parent takes itself, are the least it can be. "> 120": stopped after 120 s of CPU, or 240 s in all.`,
    ...asked,
  ].join('\n\n');
  const docs = fileURLToPath(new URL('../docs/', import.meta.url));
  for (const { chart } of answers)
    if (chart !== undefined) await writeFile(`${docs}${chart.file}`, toSvg(chart));
  const path = `${docs}benchmarks.md`;
  await writeFile(path, `${page}\n`);
  const prettier = fileURLToPath(new URL('../node_modules/prettier/bin/prettier.cjs', import.meta.url));
  execFileSync(process.execPath, [prettier, '--write', '--log-level=warn', path], { stdio: 'inherit' });
  console.log('written to docs/benchmarks.md');
}
