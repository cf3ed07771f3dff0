/** Cold and warm refresh beside tuf-js and python-tuf: CPU of the whole process, start-up included. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateFlat } from '../lib/generate.ts';
import { measure, type Program, type Sample } from '../lib/measure.ts';
import { program } from '../lib/packages.ts';
import { setUpNpmPeers, setUpPython } from '../lib/peers.ts';
import { serveFolder } from '../lib/server.ts';
import type { Answer, Row } from '../lib/table.ts';

const sizes = [1_000, 10_000];
/** tuf-js needs over half a minute of CPU at 10,000 targets: it runs once there, and only cold. */
const slowPeerLimit = 1_000;

export async function client(times: number): Promise<readonly Answer[]> {
  setUpNpmPeers();
  const python = {
    'python-tuf': setUpPython('requirements.txt'),
    'python-tuf 5.1': setUpPython('requirements-5.1.txt'),
  };
  const work = await mkdtemp(join(tmpdir(), 'ragv-bench-client-'));
  try {
    const answers: Answer[] = [];
    for (const size of sizes) answers.push(...(await atSize(work, size, times, python)));
    return answers;
  } finally {
    await rm(work, { recursive: true });
  }
}

async function atSize(
  work: string,
  size: number,
  times: number,
  python: Readonly<Record<string, string | null>>,
): Promise<readonly Answer[]> {
  const repository = await generateFlat(join(work, `repository-${size}`), size, 1 << 20);
  const server = await serveFolder(repository.folder);
  const root = join(repository.folder, 'metadata', '1.root.json');
  const start = (name: string, kind: 'cold' | 'warm'): Program => {
    const dir = join(work, `${name}-${size}-${kind}`);
    const fresh = async (): Promise<void> => {
      await rm(dir, { recursive: true, force: true });
      await mkdir(dir, { recursive: true });
      await copyFile(root, join(dir, 'root.json'));
    };
    const download = kind === 'cold' ? [repository.targetPath, join(dir, 'download.bin')] : [];
    const prepare = kind === 'cold' ? { prepare: fresh } : {};
    if (name === 'ours')
      return {
        name,
        command: process.execPath,
        args: [program('ours.mjs'), server.url, `${dir}/ours`, root, ...download],
        ...prepare,
      };
    if (name === 'tuf-js')
      return {
        name,
        command: process.execPath,
        args: [program('tuf-js.mjs'), server.url, dir, ...download],
        ...prepare,
      };
    const interpreter = python[name];
    if (interpreter !== undefined && interpreter !== null)
      return {
        name,
        command: interpreter,
        args: [program('python_tuf.py'), server.url, dir, ...download],
        ...prepare,
      };
    return { name, command: process.execPath, args: [program('empty.mjs')] };
  };
  const pythons = Object.keys(python).filter((name) => python[name] !== null);
  const names = ['empty script', 'ours', ...pythons];
  const slow = size > slowPeerLimit ? 1 : times;
  try {
    const cold = await measure(
      names.map((name) => start(name, 'cold')),
      times,
    );
    for (const [name, sample] of await measure([start('tuf-js', 'cold')], slow)) cold.set(name, sample);
    const warmNames = size > slowPeerLimit ? names : [...names, 'tuf-js'];
    for (const name of warmNames)
      await prepareWarm(start(name, 'warm'), root, join(work, `${name}-${size}-warm`));
    const warm = await measure(
      warmNames.map((name) => start(name, 'warm')),
      times,
    );
    const skipped = pythons.length === 0 ? ['python-tuf was skipped: no Python here'] : [];
    return [
      answer(`Cold refresh, look-up and 1 MiB download at ${size} targets`, cold, [
        `goal: CPU of the whole process ≤ ${size > slowPeerLimit ? 0.7 : 0.5} × python-tuf`,
        ...skipped,
      ]),
      answer(
        `Warm refresh at ${size} targets`,
        warm,
        size > slowPeerLimit ? ['tuf-js is left out: see its cold figure'] : [],
      ),
    ];
  } finally {
    server.stop();
  }
}

/** A warm run starts from what one earlier run left behind. */
async function prepareWarm(warm: Program, root: string, dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await copyFile(root, join(dir, 'root.json'));
  await measure([warm], 1);
}

function answer(question: string, samples: ReadonlyMap<string, Sample>, notes: readonly string[]): Answer {
  const ours = samples.get('ours')!;
  const rows: Row[] = [...samples].map(([name, sample]) => ({
    name,
    cells: {
      'CPU s': sample.cpu,
      'ours ÷ it, CPU': ours.cpu / sample.cpu,
      'ours ÷ it, wall': ours.wall / sample.wall,
      'peak MB': sample.memory ?? 'unknown',
    },
  }));
  return { question, rows, notes };
}
