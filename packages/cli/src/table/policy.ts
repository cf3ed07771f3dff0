import type { CommandSpec, OptionSpec } from '../command.ts';

export const grantOptions: readonly OptionSpec[] = [
  [
    '--grant <what>',
    'agree: to all, to none of it, to names such as fs.read,net.connect, or to a JSON file of capabilities',
  ],
  ['--folder <path...>', 'with --grant: the folders that it may use where it asks to choose'],
];

/** What a host remembers and decides. */
export const policyCommands: readonly CommandSpec[] = [
  {
    words: ['grant', 'list'],
    args: '[plugin]',
    summary: 'what plugins may do here, who agreed to it and when, and what the policy withholds',
    audience: 'host',
    writes: false,
    options: [],
    examples: ['ragv grant list', 'ragv grant list acme/hello --json'],
    load: () => import('../commands/grant-list.ts'),
  },
  {
    words: ['grant', 'remove'],
    args: '<plugin>',
    summary: 'take back what was agreed to: the plugin is not started until somebody agrees anew',
    audience: 'host',
    writes: true,
    options: [],
    examples: ['ragv grant remove acme/hello'],
    load: () => import('../commands/grant-remove.ts'),
  },
  {
    words: ['policy', 'show'],
    args: '',
    summary: 'the policies in force on this host, rule by rule',
    audience: 'host',
    writes: false,
    options: [],
    examples: ['ragv policy show', 'ragv policy show --policy ./policy.json'],
    load: () => import('../commands/policy-show.ts'),
  },
  {
    words: ['policy', 'explain'],
    args: '<plugin>',
    summary: 'which rule lets which version of a plugin through, and which keeps it out',
    audience: 'host',
    writes: false,
    options: [],
    examples: ['ragv policy explain acme/hello'],
    load: () => import('../commands/policy-explain.ts'),
  },
  {
    words: ['policy', 'check'],
    args: '<file>',
    summary: 'read a policy as a host would, and say its rules in words',
    audience: 'anyone',
    writes: false,
    options: [],
    examples: ['ragv policy check ./policy.json'],
    load: () => import('../commands/policy-check.ts'),
  },
  {
    words: ['policy', 'set'],
    args: '<file>',
    summary: 'publish the policy of the organisation: every host of the repository follows it',
    audience: 'operator',
    writes: true,
    options: [
      ['--deadline <days>', 'if it becomes an event: after it nobody signs any more (default: 14)'],
      ['--again', 'although a key signed another content under the same version before'],
      ['--yes', 'do not ask for the word policy'],
    ],
    examples: ['ragv policy set ./policy.json', 'ragv policy set ./policy.json --dry-run'],
    load: () => import('../commands/policy-set.ts'),
  },
];
