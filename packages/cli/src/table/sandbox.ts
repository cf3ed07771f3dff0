import type { CommandSpec } from '../command.ts';

export const sandboxCommands: readonly CommandSpec[] = [
  {
    words: ['sandbox', 'test'],
    args: '',
    summary: 'try every known way out of a confined plugin on this host: what is enforced, and what is not',
    audience: 'anyone',
    writes: false,
    options: [
      ['--mode <mode...>', 'compute, process, sandbox or trusted (default: the first three)'],
      ['--node <file>', 'the Node that plugins run on (default: this one)'],
      ['--fast', 'do not look which layer holds, in half the time'],
    ],
    examples: ['ragv sandbox test', 'ragv sandbox test --mode sandbox --json'],
    load: () => import('../commands/sandbox-test.ts'),
  },
];
