/** Publishing one target into a vendor that has many, in bins: what it costs, and how that grows; python-tuf does the same beside it. */
import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setUpPython } from '../lib/peers.ts';
import { median } from '../lib/measure.ts';
import { program } from '../lib/packages.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

const run = promisify(execFile);
type SignedBy = 'role' | 'snapshot';
/** Targets, bits of bins and who signs them: what ragv takes for so many (`bestBits`). 0: one role, for comparison. */
const sizes: readonly (readonly [targets: number, bits: number, signedBy: SignedBy])[] = [
  [10_000, 0, 'role'],
  [10_000, 7, 'role'],
  [100_000, 8, 'role'],
  [1_000_000, 10, 'role'],
  [1_000_000, 11, 'snapshot'],
];

export async function publish(times: number): Promise<readonly Answer[]> {
  const python = setUpPython('requirements.txt');
  const work = await workFolder('publish');
  const one: Row[] = [];
  const imports: Row[] = [];
  const growth: [targets: number, seconds: number, memory: number][] = [];
  const seen: Row[] = [];
  const ours: [number, number][] = [];
  const theirs: [number, number][] = [];
  for (const [targets, bits, signedBy] of sizes) {
    const underSnapshot = signedBy === 'snapshot';
    const folder = join(work, `${targets}-${bits}`);
    await mkdir(folder);
    const bins = bits === 0 ? 'one role' : `${(2 ** bits).toLocaleString('en')} bins`;
    const name = `${targets.toLocaleString('en')} in ${bins}${underSnapshot ? ' under the snapshot’s keys' : ''}`;
    const batch = Math.min(targets, 100_000);
    const imported = await report('publish-import.mjs', [folder, bits, targets, batch, 'metadata', signedBy]);
    const seconds = Number(imported.json['seconds']);
    imports.push({
      name,
      cells: { 'targets a second': targets / seconds, s: seconds, 'peak MB': imported.memory },
    });
    if (bits > 0 && !underSnapshot) growth.push([targets, seconds, imported.memory]);
    const copy = `${folder}-python`;
    await cp(folder, copy, { recursive: true });
    const rounds: Reported[] = [];
    const floors: Reported[] = [];
    const count = Math.max(20, times * 5);
    for (let round = 0; round < 3; round++) {
      rounds.push(await report('publish-one.mjs', [folder, bits, count]));
      // In turns: what slows the machine down meanwhile slows both.
      if (bits > 0) floors.push(await report('publish-floor.mjs', [work, targets, bits, signedBy, count]));
    }
    const p50 = median(samplesOf(rounds));
    one.push(measured(`ours, ${name}`, rounds, bits === 0 ? '–' : p50 / median(samplesOf(floors))));
    if (bits === 0) continue;
    one.push(measured(`floor: ${name}`, floors, 1));
    if (!underSnapshot) ours.push([targets, p50]);
    const polled = numbers((await report('publish-poll.mjs', [folder, bits, 20])).json['ms']);
    seen.push({
      name,
      cells: { 'p50 ms': median(polled), 'p95 ms': percentile(polled, 0.95) },
    });
    if (python === null || underSnapshot) continue; // what it writes there is not what ours has to be compared with
    const { stdout } = await run(python, [program('python_tuf_publish.py'), copy, '20'], { maxBuffer: 1e8 });
    const peer = parsed(stdout);
    const peerP50 = median(numbers(peer['ms']));
    theirs.push([targets, peerP50]);
    one.push({
      name: `python-tuf, ${name}`,
      cells: {
        'p50 ms': peerP50,
        '× floor': peerP50 / median(samplesOf(floors)),
        'p95 ms': percentile(numbers(peer['ms']), 0.95),
        'CPU ms': Number(peer['cpu']),
        'metadata kB': Number(peer['metadata']) / 1000,
        'log kB': '–',
        'peak MB': '–',
      },
    });
  }
  return [
    {
      question: 'Publish one target into a vendor with many: folder, every file synced, audit log kept',
      rows: one,
      notes: [
        'goal at 1,000,000: p50 ≤ 10 ms, ≤ 200 MB, ≤ 300 kB written; ≤ 160 kB where the snapshot’s keys sign the bins',
        'floor: as many files of the same sizes, parsed, signed, hashed and synced, and nothing else: no check, no log, no journal, no turn, no read-back; what this machine takes at least',
        'ours also keeps a journal, reads back and verifies what it committed, and takes its turn among other publishers; python-tuf does none of it',
      ],
      chart: {
        file: 'publish.svg',
        title: 'Publish one target, p50',
        x: 'targets of the vendor, in bins',
        y: 'ms',
        lines: [
          { name: 'ours', points: ours },
          { name: 'python-tuf', points: theirs },
        ],
      },
    },
    {
      question:
        'From the beginning of a publish until a client that polls every 50 ms over loopback has the bytes',
      rows: seen,
      notes: ['goal: p95 < 2 s over loopback; over a CDN the promise is 30 s, and nothing here measures one'],
    },
    {
      question:
        'Import in batches of 100,000: metadata alone, since the files themselves cost what the disk costs',
      rows: imports,
      notes: ['in bins that the role’s own keys sign'],
      chart: {
        file: 'import.svg',
        title: 'Import into bins: seconds and peak memory',
        x: 'targets of the vendor, in bins',
        y: 's, MB',
        lines: [
          { name: 'seconds', points: growth.map(([targets, seconds]) => [targets, seconds] as const) },
          { name: 'peak MB', points: growth.map(([targets, , memory]) => [targets, memory] as const) },
        ],
      },
    },
  ];
}

function samplesOf(rounds: readonly Reported[]): readonly number[] {
  return rounds.flatMap(({ json }) => numbers(json['ms']));
}

function measured(name: string, rounds: readonly Reported[], timesFloor: string | number): Row {
  const samples = samplesOf(rounds);
  const last = rounds.at(-1);
  return {
    name,
    cells: {
      'p50 ms': median(samples),
      '× floor': timesFloor,
      'p95 ms': percentile(samples, 0.95),
      'CPU ms': Number(last?.json['cpu']),
      'metadata kB': Number(last?.json['metadata']) / 1000,
      'log kB': Number(last?.json['log']) / 1000,
      'peak MB': last?.memory ?? Number.NaN,
    },
  };
}

interface Reported {
  readonly json: Readonly<Record<string, unknown>>;
  readonly memory: number;
}

async function report(name: string, args: readonly (string | number)[]): Promise<Reported> {
  const { stdout } = await run(process.execPath, [program(name), ...args.map(String)], { maxBuffer: 1e8 });
  const [first = '{}', last = '{}'] = stdout.split('\n').filter((line) => line !== '');
  return { json: parsed(first), memory: Number(parsed(last)['memory']) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}
