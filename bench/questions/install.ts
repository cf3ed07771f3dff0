/** Installing a plugin of 5 MB in 500 files: ours, which verifies every byte and survives a crash, beside two that only unpack. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measure, median } from '../lib/measure.ts';
import { setUpNpmPeers } from '../lib/peers.ts';
import { program, ragvMain } from '../lib/packages.ts';
import { publishGenerated, timesOf } from '../lib/plugin.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer } from '../lib/table.ts';

export async function install(times: number): Promise<readonly Answer[]> {
  setUpNpmPeers();
  const work = await workFolder('install');
  const repository = await publishGenerated(work, 500, 10_000);
  const found = new Map<string, number[]>();
  // In turns, so that a slow minute of the machine hits all of them alike.
  for (let round = 0; round < 3; round++)
    for (const name of ['ours', 'pacote', 'node-tar'])
      found.set(name, [
        ...(found.get(name) ?? []),
        ...(await timesOf('install.mjs', [
          name,
          String(times),
          join(work, `out-${round}-${name}`),
          repository.archive,
          repository.url,
          repository.rootFile,
          repository.spec,
        ])),
      ]);
  const ours = median(found.get('ours') ?? []);
  const inProcess = [...found].map(([name, list]) => ({
    name,
    cells: { 'median ms': median(list), 'ours ÷ it': ours / median(list) },
  }));
  return [
    {
      question: 'Install 5 MB in 500 files, in process',
      rows: inProcess,
      notes: [
        'goal: ours ≤ 60 ms and ≤ 0.5 × pacote',
        'ours: refresh of the metadata over file:, download, every hash, fsync of archive and pointer included',
      ],
    },
    await asCommand(work, repository, times),
  ];
}

type Repository = Awaited<ReturnType<typeof publishGenerated>>;

/** The whole command, from the shell's point of view, beside an empty script; each run with a home of its own. */
async function asCommand(work: string, repository: Repository, times: number): Promise<Answer> {
  const project = join(work, 'project');
  await mkdir(project);
  let turn = 0;
  const trust = async (): Promise<void> => {
    process.env['RAGV_HOME'] = join(work, `home-${turn++}`);
    await rm(join(project, 'ragv.lock'), { force: true });
    const args = ['trust', 'init', repository.url, '--root', repository.rootFile, '--single-signer'];
    await measure([{ name: 'trust', command: process.execPath, args: [ragvMain, ...args], cwd: project }], 1);
  };
  const samples = await measure(
    [
      { name: 'empty script', command: process.execPath, args: [program('nothing.mjs')] },
      {
        name: 'ragv install',
        command: process.execPath,
        args: [ragvMain, 'install', repository.spec, '--quiet', '--json'],
        cwd: project,
        prepare: trust,
      },
    ],
    times,
  );
  const floor = samples.get('empty script')!;
  const rows = [...samples].map(([name, sample]) => ({
    name,
    cells: {
      'wall ms': sample.wall * 1000,
      'over the empty script, ms': (sample.wall - floor.wall) * 1000,
      'CPU ms': sample.cpu * 1000,
    },
  }));
  return { question: 'The same as a command', rows, notes: ['goal: ≤ 150 ms'] };
}
