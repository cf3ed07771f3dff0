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
  {
    words: ['refresh'],
    args: '',
    summary: 're-sign what is about to expire, once or for as long as it runs',
    audience: 'operator',
    writes: true,
    options: [
      ['--within <hours>', 'also what expires within this time'],
      ['--force', 'everything whose keys are at hand'],
      ['--watch', 'stay, and re-sign what becomes due; SIGTERM ends it'],
      ['--every <minutes>', 'with --watch: look at least so often (default: 10)'],
      ['--give-up <hours>', 'with --watch: end after failing for so long (default: 6)'],
      ['--alert-url <url>', 'with --watch: a webhook for what it cannot do; better in RAGV_ALERT_URL'],
    ],
    examples: ['ragv refresh', 'ragv refresh --within 48', 'ragv refresh --watch --every 5'],
    load: () => import('../commands/refresh.ts'),
  },
];
