/**
 * `npm run bench [-- client install verify startup] [--times N]`: every figure is a ratio against a peer or a
 * floor of the same run. Prints Markdown and writes the same as JSON to bench/out/.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toMarkdown, type Answer } from './lib/table.ts';

const questions: Readonly<Record<string, (times: number) => Promise<readonly Answer[]>>> = {
  client: async (times) => (await import('./questions/client.ts')).client(times),
  install: async (times) => (await import('./questions/install.ts')).install(times),
  verify: async (times) => (await import('./questions/verify.ts')).verify(times),
  startup: async (times) => (await import('./questions/startup.ts')).startup(times),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '7' } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(questions);
const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), medians of ${values.times} runs`;
console.log(`${machine}\ncommand: npm run bench -- ${chosen.join(' ')} --times ${values.times}\n`);
const answers: Answer[] = [];
for (const name of chosen) {
  const ask = questions[name];
  if (ask === undefined)
    throw new Error(`no such question: ${name}; there are ${Object.keys(questions).join(', ')}`);
  for (const answer of await ask(Number(values.times))) {
    answers.push(answer);
    console.log(`${toMarkdown(answer)}\n`);
  }
}
const out = fileURLToPath(new URL('out/', import.meta.url));
await mkdir(out, { recursive: true });
await writeFile(`${out}bench.json`, `${JSON.stringify({ machine, answers }, null, 2)}\n`);
console.log(`written to bench/out/bench.json`);
