/** Re-checking an installed tree against its signed manifest, beside merely reading and hashing the same files. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from '../lib/measure.ts';
import { ragvMain } from '../lib/packages.ts';
import { publishGenerated, timesOf } from '../lib/plugin.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

const trees = [
  { files: 500, size: 10_000, goal: '≤ 10 ms' },
  { files: 10_000, size: 10_000, goal: '≤ 150 ms' },
] as const;

export async function verify(times: number): Promise<readonly Answer[]> {
  const rows: Row[] = [];
  for (const tree of trees) rows.push(await atSize(tree, times));
  return [
    {
      question: 'Verification of an installed tree, in process',
      rows,
      notes: ['floor: read every file once and hash it, knowing nothing of what to expect'],
    },
  ];
}

async function atSize({ files, size, goal }: (typeof trees)[number], times: number): Promise<Row> {
  const work = await workFolder('verify');
  const repository = await publishGenerated(work, files, size);
  const home = join(work, 'home');
  const ragv = async (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [ragvMain, ...args, '--home', home, '--quiet'], { cwd: work });
  await ragv('trust', 'init', repository.url, '--root', repository.rootFile, '--single-signer');
  await ragv('install', repository.spec);
  const versions = (await readdir(home, { recursive: true })).find((path) =>
    path.endsWith('/generated/versions'),
  );
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < 3; round++) {
    ours.push(...(await timesOf('verify.mjs', [String(times), home, repository.spec])));
    floor.push(...(await timesOf('hash-tree.mjs', [String(times), join(home, versions ?? '')])));
  }
  return {
    name: `${files} files, ${(files * size) / 1e6} MB`,
    cells: {
      'ours ms': median(ours),
      'floor ms': median(floor),
      'ours ÷ floor': median(ours) / median(floor),
      goal,
    },
  };
}
