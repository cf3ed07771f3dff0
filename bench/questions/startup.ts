/** `ragv --version` against an empty script: what the command costs before it does anything. */
import { fileURLToPath } from 'node:url';
import { measure } from '../lib/measure.ts';
import type { Answer } from '../lib/table.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export async function startup(times: number): Promise<readonly Answer[]> {
  const report = ['--import', path('../programs/report.mjs')];
  const samples = await measure(
    [
      { name: 'empty script', command: process.execPath, args: [...report, path('../programs/nothing.mjs')] },
      {
        name: 'ragv --version',
        command: process.execPath,
        args: [...report, path('../../packages/cli/dist/main.js'), '--version'],
      },
      {
        name: 'ragv --help',
        command: process.execPath,
        args: [...report, path('../../packages/cli/dist/main.js'), '--help'],
      },
    ],
    times * 3,
  );
  const floor = samples.get('empty script')!;
  const rows = [...samples].map(([name, sample]) => ({
    name,
    cells: {
      'wall ms': sample.wall * 1000,
      'over the empty script, ms': (sample.wall - floor.wall) * 1000,
      '÷ empty script, wall': sample.wall / floor.wall,
      '÷ empty script, CPU': sample.cpu / floor.cpu,
    },
  }));
  return [
    {
      question: 'Start of the command line',
      rows,
      notes: ['goal: `ragv --version` within 40 ms of an empty script'],
    },
  ];
}
