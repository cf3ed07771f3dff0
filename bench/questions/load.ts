/** Loading a plugin and calling it, beside Node's own child process and the MCP SDK's stdio transport. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from '../lib/measure.ts';
import { ragvMain } from '../lib/packages.ts';
import { publishGenerated, timesOf } from '../lib/plugin.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer } from '../lib/table.ts';

const main = 'exports.echo = (value) => value;\n';

interface Way {
  readonly name: string;
  readonly times: (what: string, times: number) => Promise<readonly number[]>;
}

export async function load(times: number): Promise<readonly Answer[]> {
  const work = await workFolder('load');
  const { url, rootFile, spec } = await publishGenerated(work, 500, 10_000, main);
  const home = join(work, 'home');
  const ragv = async (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [ragvMain, ...args, '--home', home, '--quiet'], { cwd: work });
  await ragv('trust', 'init', url, '--root', rootFile, '--single-signer');
  await ragv('install', spec, '--grant', 'all');
  const ours = (mode: string): Way => ({
    name: `vault.load, ${mode}`,
    times: (what, count) => timesOf('load.mjs', [what, String(count), home, spec, mode]),
  });
  const peer = (name: string, program: string): Way => ({
    name,
    times: (what, count) => timesOf(program, [what, String(count)]),
  });
  const ways = [
    ours('process'),
    ours('sandbox'),
    peer('child process with IPC', 'child-ipc.mjs'),
    peer('MCP SDK over stdio', 'mcp-stdio.mjs'),
  ];
  const nothing: Way = {
    name: 'nothing',
    times: (_, count) => timesOf('empty-process.mjs', [String(count)]),
  };
  const starts = medians(await rounds([nothing, ...ways], 'start', times));
  const empty = starts.get(nothing) ?? Number.NaN;
  const [calls, together, busy] = callTimes(await rounds(ways, 'call', times));
  const versions = (await readdir(home, { recursive: true })).find((path) =>
    path.endsWith('/generated/versions'),
  );
  const verifying: number[] = [];
  const hashing: number[] = [];
  for (let round = 0; round < 3; round++) {
    verifying.push(...(await timesOf('load.mjs', ['verify', String(times), home, spec, 'process'])));
    hashing.push(...(await timesOf('hash-tree.mjs', [String(times), join(home, versions ?? '')])));
  }
  const many = new Map<Way, readonly Step[]>();
  for (const way of ways) many.set(way, steps(await way.times('many', 1)));
  const load = `load average ${loadavg()
    .map((value) => value.toFixed(1))
    .join(', ')} at the end`;
  return [
    {
      question: 'Loading a plugin of 500 files, 5 MB',
      rows: ways.map((way) => ({
        name: way.name,
        cells: {
          'start ms': starts.get(way) ?? Number.NaN,
          'over an empty process, ms': (starts.get(way) ?? Number.NaN) - empty,
          'call µs': (calls.get(way) ?? Number.NaN) * 1000,
          'of 16 at once, µs': (together.get(way) ?? Number.NaN) * 1000,
          'CPU of a call, µs': (busy.get(way) ?? Number.NaN) * 1000,
        },
      })),
      notes: [
        `an empty Node process takes ${empty.toFixed(1)} ms from start to end`,
        'goals: ≤ 60 ms over an empty process in mode process, 10 ms more in sandbox; a call of 200 bytes ≤ 60 µs',
        'a call waits twice until an idle core wakes up: its CPU, of both processes, and what one of 16 at once takes, say what it costs',
        load,
      ],
    },
    {
      question: 'Verification within such a load',
      rows: [
        {
          name: 'chain and tree',
          cells: {
            'ours ms': median(verifying),
            'floor ms': median(hashing),
            'ours ÷ floor': median(verifying) / median(hashing),
            goal: '≤ 10 ms',
          },
        },
      ],
      notes: [
        'floor: read every file once and hash it, knowing nothing of what to expect, with nothing else at work',
        'ours runs while the plugin’s process starts, which has a core of its own where there is one',
      ],
    },
    manyOf('time', 'ms', many, ({ ms }) => ms, 'started two at a time, all kept'),
    manyOf(
      'memory',
      'MB',
      many,
      ({ mb }) => mb,
      'the proportional set of all processes below the host, which is counted apart',
    ),
  ];
}

/** So many of them in one host. */
interface Step {
  readonly count: number;
  readonly ms: number;
  readonly mb: number;
}

function steps(list: readonly number[]): readonly Step[] {
  return Array.from({ length: list.length / 3 }, (_, at) => {
    const [count = Number.NaN, ms = Number.NaN, mb = Number.NaN] = list.slice(at * 3, at * 3 + 3);
    return { count, ms, mb };
  });
}

function manyOf(
  what: string,
  unit: string,
  many: ReadonlyMap<Way, readonly Step[]>,
  of: (step: Step) => number,
  note: string,
): Answer {
  return {
    question: `Many plugins of 500 files in one host: ${what}, ${unit}`,
    rows: [...many].map(([{ name }, list]) => ({
      name,
      cells: Object.fromEntries(list.map((step) => [`${step.count} plugins`, of(step)])),
    })),
    notes: [note],
    chart: {
      file: `load-${what}.svg`,
      title: `Plugins in one host: ${what}`,
      x: 'plugins',
      y: unit,
      lines: [...many].map(([{ name }, list]) => ({
        name,
        points: list.map((step) => [step.count, of(step)] as const),
      })),
    },
  };
}

type Lists = ReadonlyMap<Way, readonly number[]>;
type Figures = ReadonlyMap<Way, number>;

/** In turns, so that a slow minute of the machine hits all of them alike. */
async function rounds(ways: readonly Way[], what: string, times: number): Promise<Lists> {
  const found = new Map<Way, number[]>(ways.map((way) => [way, []]));
  for (let round = 0; round < 3; round++)
    for (const [way, list] of found) list.push(...(await way.times(what, times)));
  return found;
}

const medians = (lists: Lists): Figures => new Map([...lists].map(([way, list]) => [way, median(list)]));

/** One after the other, one among sixteen, the processor's time of one. */
function callTimes(lists: Lists): readonly [Figures, Figures, Figures] {
  const each = (part: number): Figures =>
    medians(new Map([...lists].map(([way, list]) => [way, list.filter((_, at) => at % 3 === part)])));
  return [each(0), each(1), each(2)];
}
