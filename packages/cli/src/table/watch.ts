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
      ['--clock-is-right', 'with --force: although something was signed in the future of this clock'],
      ['--watch', 'stay, and re-sign what becomes due; SIGTERM ends it'],
      ['--every <minutes>', 'with --watch: look at least so often (default: 10)'],
      ['--give-up <hours>', 'with --watch: end after failing for so long (default: 6)'],
      ['--alert-url <url>', 'with --watch: a webhook for what it cannot do; better in RAGV_ALERT_URL'],
    ],
    examples: ['ragv refresh', 'ragv refresh --within 48', 'ragv refresh --watch --every 5'],
    load: () => import('../commands/refresh.ts'),
  },
  {
    words: ['delete'],
    args: '<plugin@version|path>',
    summary: 'take a version or a target away for good; ragv yank is the milder way, and tells hosts',
    audience: 'operator',
    writes: true,
    options: [
      ['--reason <text>', 'for a version: kept in its index, where it stays as yanked'],
      ['--yes', 'do not ask for its name'],
    ],
    examples: [
      'ragv delete acme/hello@1.2.0 --reason "holds a secret"',
      'ragv delete wheels/tool-1.0.whl --yes',
    ],
    load: () => import('../commands/delete.ts'),
  },
  {
    words: ['gc'],
    args: '[what...]',
    summary: 'say what nobody needs any more, and delete it with --apply; `hold` keeps what has to stay',
    audience: 'operator',
    writes: true,
    options: [
      ['--apply', 'delete it'],
      ['--keep <hours>', 'how long ago a client may have begun, and still find all it needs (default: 24)'],
      ['--grace <hours>', 'how old a file is at least before it is deleted (default: 24)'],
      ['--list', 'every file by name'],
      ['--reason <text>', 'with hold add: why'],
    ],
    examples: [
      'ragv gc',
      'ragv gc --apply',
      'ragv gc hold add vendors/acme/hello/* --reason "case 7"',
      'ragv gc hold list',
      'ragv gc hold remove vendors/acme/hello/*',
    ],
    load: () => import('../commands/gc.ts'),
  },
];
