// `npm run test:peers [-- <peer>… --write-docs]`: TUF's other implementations and ours, each reading what the other wrote.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInputs } from './lib/bad-inputs.ts';
import {
  MissingManagerError,
  peers,
  type Peer,
  type PeerName,
  type Program,
  type Scenario,
} from './lib/peer.ts';
import { readOurs } from './lib/read-ours.ts';
import { readTheirs } from './lib/read-theirs.ts';
import { report } from './lib/report.ts';
import { pausedRotations, polledRotations } from './lib/rotations.ts';
import { Tally } from './lib/tally.ts';

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => peers.every((peer) => peer.name !== name));
if (unknown.length > 0) {
  console.error(
    `no such peer: ${unknown.join(', ')}; there are ${peers.map((peer) => peer.name).join(', ')}`,
  );
  process.exit(2);
}
const wanted = names.length === 0 ? peers : peers.filter((peer) => names.includes(peer.name));
const required = process.env['RAGV_REQUIRE_PEERS'] === '1';
const tally = new Tally();
const out = join(import.meta.dirname, 'out');
await rm(out, { recursive: true, force: true });

/** Prints how long a step took and what it counted. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const [started, before] = [performance.now(), tally.passed + tally.failed];
  const result = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const checks = tally.passed + tally.failed - before;
  console.log(
    `${name.padEnd(44)}${checks === 0 ? '' : `${checks} checks`}`.padEnd(60) + `${seconds.padStart(7)} s`,
  );
  return result;
}

async function setUp(peer: Peer, programs: Map<PeerName, Program>): Promise<void> {
  try {
    programs.set(peer.name, await peer.setUp());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof MissingManagerError && !required) tally.skip(peer.name, why);
    else tally.check(`set up ${peer.name}`, why);
  }
}

const programs = new Map<PeerName, Program>();
for (const peer of wanted)
  await step(`set up ${peer.name} ${await peer.version()}`, () => setUp(peer, programs));
const served = await step('peers read what we publish', () => readOurs(programs, join(out, 'ours'), tally));
const written = new Map<PeerName, ReadonlyMap<Scenario, string>>();
for (const peer of wanted) {
  const program = programs.get(peer.name);
  if (program === undefined) continue;
  const read = (): ReturnType<typeof readTheirs> => readTheirs(peer, program, join(out, 'theirs'), tally);
  written.set(peer.name, await step(`we read what ${peer.name} writes`, read));
}
await step('clients pause while a key is rotated', () =>
  pausedRotations(programs, join(out, 'paused'), tally),
);
console.log(await step('clients poll while all keys are rotated', () => polledRotations(programs, join(out, 'polled'), tally))); // prettier-ignore
const matrix = await step('bad inputs', () => badInputs(programs, join(out, 'inputs'), tally));

if (programs.size === peers.length) {
  const versions = new Map<PeerName, string>();
  for (const peer of peers) versions.set(peer.name, await peer.version());
  const text = report({ versions, served, written, matrix });
  const file = join(import.meta.dirname, '../docs/interop.md');
  if (args.includes('--write-docs')) await writeFile(file, text);
  const kept = await readFile(file, 'utf8').catch(() => '');
  const hint = 'it says something else than this run; npm run test:peers -- --write-docs';
  tally.check('docs/interop.md', kept === text ? null : hint);
}
await rm(out, { recursive: true, force: true });
console.log();
console.log(tally.line);
process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
