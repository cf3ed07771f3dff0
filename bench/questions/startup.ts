/** `ragv --version` against an empty script: what the command costs before it does anything. */
import { measure } from '../lib/measure.ts';
import { program, ragvMain } from '../lib/packages.ts';
import type { Answer } from '../lib/table.ts';

export async function startup(times: number): Promise<readonly Answer[]> {
  const samples = await measure(
    [
      { name: 'empty script', command: process.execPath, args: [program('nothing.mjs')] },
      {
        name: 'ragv --version',
        command: process.execPath,
        args: [ragvMain, '--version'],
      },
      {
        name: 'ragv --help',
        command: process.execPath,
        args: [ragvMain, '--help'],
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
