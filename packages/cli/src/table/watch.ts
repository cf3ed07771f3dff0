import type { CommandSpec } from '../command.ts';

/** What keeps a repository well: looking at it, re-signing it, tidying it up. */
export const watchCommands: readonly CommandSpec[] = [
  {
    words: ['doctor'],
    args: '[url]',
    summary: 'look at a vault, or at what is served at an address: what breaks clients, or will',
    audience: 'anyone',
    writes: false,
    options: [
      ['--vault <folder>', 'the operator’s folder (default: RAGV_VAULT or the current one)'],
      ['--full', 'every role and every target, however many'],
      ['--strict', 'exit code 10 for warnings too'],
      ['--root <file>', 'the first root, as its operators hand it out'],
      ['--compat <client...>', 'clients to be served: python-tuf, tuf-js, go-tuf, tough'],
      ['--no-peers', 'do not try python-tuf and tuf-js'],
      ['--allow-http', 'http: off loopback, for our client'],
    ],
    examples: [
      'ragv doctor',
      'ragv doctor https://plugins.example/ --strict',
      'ragv doctor --vault ./vault --json',
    ],
    load: () => import('../commands/doctor.ts'),
  },
];
