/** Cold and warm refresh beside the other clients: CPU of the whole process, start-up included (PEERS.md). */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setUpClients, type Client, type Job, type Kind } from '../lib/clients.ts';
import { generate, type Shape } from '../lib/generate.ts';
import { cpuLimit, measure, type Program, type Sample } from '../lib/measure.ts';
import { program } from '../lib/packages.ts';
import { serveFolder } from '../lib/server.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

interface Repository extends Omit<Shape, 'size'> {
  readonly name: string;
  readonly goal: string;
}

const repositories: readonly Repository[] = [
  { name: '1,000 targets', count: 1_000, goal: '≤ 0.10 s CPU, ≤ 0.5 × python-tuf 5.1' },
  { name: '10,000 targets', count: 10_000, goal: '≤ 0.2 s CPU, ≤ 0.7 × python-tuf 5.1' },
  { name: '100,000 targets', count: 100_000, goal: '≤ 0.75 s CPU, ≤ 250 MB' },
  {
    name: '100,000 targets in 16,384 succinct bins',
    count: 100_000,
    bins: { kind: 'succinct', bits: 14 },
    goal: '≤ 0.15 s CPU',
  },
  {
    name: '100,000 targets in 16,384 hash-prefix bins',
    count: 100_000,
    bins: { kind: 'hash prefixes', bits: 14 },
    goal: '≤ 0.35 s CPU',
  },
];

export async function* client(times: number): AsyncGenerator<Answer> {
  const { clients, missing } = await setUpClients();
  const skipped = missing.map((name) => `${name} was skipped: its language is not here`);
  for (const repository of repositories) {
    const { cold, warm } = await onRepository(repository, clients, times);
    const about = [`goal: ${repository.goal}`, ...skipped];
    yield answer(`Cold refresh, look-up and 1 MiB download: ${repository.name}`, cold, about);
    yield answer(`Warm refresh: ${repository.name}`, warm, skipped);
  }
}

type Samples = ReadonlyMap<string, Sample>;

export async function onRepository(
  shape: Omit<Shape, 'size'>,
  clients: readonly Client[],
  times: number,
  kinds: readonly Kind[] = ['cold', 'warm'],
): Promise<{ readonly cold: Samples; readonly warm: Samples }> {
  const work = await workFolder('client');
  const server = await serveFolder(join(work, 'repository'));
  try {
    const repository = await generate(join(work, 'repository'), { ...shape, size: 1 << 20 });
    const job: Job = { repository, url: server.url, work: join(work, 'clients') };
    await mkdir(job.work);
    const cold = await measure([empty, ...clients.map((one) => one.start(job, 'cold'))], times);
    if (!kinds.includes('warm')) return { cold, warm: new Map() };
    // Not again those that were stopped, or nearly.
    const quick = clients.filter(({ name }) => (cold.get(name)?.cpu ?? Number.NaN) < 10);
    const warm = await measure([empty, ...(await warmed(quick, job))], times);
    return { cold, warm };
  } finally {
    server.stop();
  }
}

const empty: Program = { name: 'empty script', command: process.execPath, args: [program('empty.mjs')] };

/** A warm run starts from what one earlier run left behind. */
async function warmed(clients: readonly Client[], job: Job): Promise<readonly Program[]> {
  const starts: Program[] = [];
  for (const one of clients) {
    const first = one.start(job, 'warm');
    await measure([first], 1);
    const { prepare: _, ...again } = first;
    starts.push(again);
  }
  return starts;
}

function answer(question: string, samples: Samples, notes: readonly string[]): Answer {
  const ours = samples.get('ours')!;
  const rows: Row[] = [...samples].map(([name, sample]) => ({
    name,
    cells: {
      'CPU s': sample.cpu,
      'ours ÷ it, CPU': ratio(ours.cpu, sample.cpu),
      'ours ÷ it, wall': sample.cpu === stopped ? 'unknown' : ours.wall / sample.wall,
      'peak MB': sample.memory ?? 'unknown',
    },
  }));
  return { question, rows, notes };
}

const stopped = Number.POSITIVE_INFINITY;

function ratio(ours: number, theirs: number): string | number {
  return theirs === stopped ? `< ${(ours / cpuLimit).toPrecision(2)}` : ours / theirs;
}
