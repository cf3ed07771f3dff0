/**
 * `npm run fuzz [-- mldsa | canonical | differential | bounds] [--long] [--seed <n>] [--mutants <n>] [--minutes <n>]`: ours beside its peers on what nobody wrote by
 * hand. Without a name all four; `--long` is for the night. The seed is printed, and gives the same run again.
 */
import { parseArgs } from 'node:util';
import type { Outcome } from './lib/report.ts';
import { say } from './lib/say.ts';
import { setUpNpmPeers, setUpPython } from './lib/setup.ts';
import { startPython } from './lib/python.ts';
import { bounds } from './bounds.ts';
import { canonical } from './canonical.ts';
import { differential } from './differential.ts';
import { mldsa } from './mldsa-peer.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    seed: { type: 'string' },
    mutants: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const names = ['mldsa', 'canonical', 'differential', 'bounds'];
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) throw new Error(`unknown: ${unknown}; there are ${names.join(', ')}`);
const asked = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const mutants = Number(values.mutants ?? (values.long ? 50_000 : 300));
const options = { long: values.long, seed, mutants, minutes: Number(values.minutes) };

say(`seed ${seed}${values.long ? ', long' : ''}`);
const npm = setUpNpmPeers();
const interpreter = setUpPython();
const python = interpreter === null ? null : startPython(interpreter);
const outcomes: Outcome[] = [];
try {
  if (asked('mldsa') && python !== null) outcomes.push(await mldsa(python));
  if (asked('canonical')) outcomes.push(await canonical(python, npm, options));
  if (asked('bounds')) outcomes.push(await bounds(values['write-docs']));
  if (asked('differential')) outcomes.push(await differential(python, npm, options));
} finally {
  await python?.end();
}
for (const { lines } of outcomes) for (const line of lines) say(line);
process.exitCode = outcomes.every(({ good }) => good) ? 0 : 1;
