import type { CommandSpec, OptionSpec } from '../command.ts';

const trust: readonly OptionSpec[] = [
  ['--root <file>', 'the newest root that you trust (in a vault: the one that it was made with)'],
  ['--fingerprint <sha256>', 'or the sha256 of one'],
];

/** How the keys of a role change. */
export const keyChanges: readonly OptionSpec[] = [
  ['--add-key <file...>', 'public keys that may sign from now on (ragv key show)'],
  ['--remove-key <keyid...>', 'keys that may not any more; eight characters of the id will do'],
  ['--threshold <n>', 'how many signatures are needed from now on'],
];

/** When an event is made. */
export const eventOptions: readonly OptionSpec[] = [
  ['--reason <text>', 'shown to the signers'],
  ['--deadline <days>', 'after it nobody signs any more (default: 14)'],
  ['--output <file>', 'also write the event there, to travel'],
];

/** Changes that wait for signatures: DESIGN.md, "a missing signature makes a signing event, not an error". */
export const eventCommands: readonly CommandSpec[] = [
  {
    words: ['event', 'create'],
    args: '<role...>',
    summary: 'have roles signed by keys that are elsewhere: anew as they are, or with a change',
    audience: 'operator',
    writes: true,
    options: [
      ...keyChanges,
      ['--add-target <file...>', 'files to be listed'],
      ['--below <folder>', 'a folder of target paths to put them in'],
      ['--remove-target <path...>', 'target paths to be taken out'],
      ...eventOptions,
    ],
    examples: [
      'ragv event create targets --reason "yearly renewal"',
      'ragv event create targets --add-target release.pub',
      'ragv event create root --add-key erin.pub --threshold 3',
    ],
    load: () => import('../commands/event-create.ts'),
  },
  {
    words: ['event', 'list'],
    args: '',
    summary: 'the events of this vault',
    audience: 'operator',
    writes: false,
    options: [],
    examples: ['ragv event list'],
    load: () => import('../commands/event-list.ts'),
  },
  {
    words: ['event', 'show'],
    args: '<event>',
    summary: 'what an event changes, derived from your own root, and who has signed',
    audience: 'operator',
    writes: false,
    options: trust,
    examples: ['ragv event show root-20261121-1f3a9c', 'ragv event show ./event.json --root root.json'],
    load: () => import('../commands/event-show.ts'),
  },
  {
    words: ['event', 'sign'],
    args: '<event>',
    summary: 'see what it changes, and sign it; needs no network and no repository',
    audience: 'operator',
    writes: true,
    options: [
      [
        '--key <uri...>',
        'file2:<path>, or <name>=file2:<path> for a password of its own (in a vault: its keys)',
      ],
      ...trust,
      ['--again', 'although this key signed another content under the same version before'],
      ['--yes', 'do not ask for the name of the event'],
    ],
    examples: ['ragv event sign ./event.json --key file2:alice.p8 --root root.json'],
    load: () => import('../commands/event-sign.ts'),
  },
  {
    words: ['event', 'merge'],
    args: '<event> <copy...>',
    summary: 'take the signatures of other copies of the same event',
    audience: 'operator',
    writes: true,
    options: trust,
    examples: ['ragv event merge root-20261121-1f3a9c ./from-alice.json ./from-bob.json'],
    load: () => import('../commands/event-merge.ts'),
  },
  {
    words: ['event', 'verify'],
    args: '<event>',
    summary: 'whether it has the signatures that it needs, and no other',
    audience: 'operator',
    writes: false,
    options: trust,
    examples: ['ragv event verify ./event.json --fingerprint 3331…'],
    load: () => import('../commands/event-verify.ts'),
  },
  {
    words: ['event', 'apply'],
    args: '<event>',
    summary: 'publish what was signed, byte for byte; if the repository moved on, open the event anew',
    audience: 'operator',
    writes: true,
    options: [],
    examples: ['ragv event apply root-20261121-1f3a9c'],
    load: () => import('../commands/event-apply.ts'),
  },
  {
    words: ['event', 'cancel'],
    args: '<event>',
    summary: 'give an event up; not a root event that has all its signatures',
    audience: 'operator',
    writes: true,
    options: [],
    examples: ['ragv event cancel targets-20261121-1f3a9c'],
    load: () => import('../commands/event-cancel.ts'),
  },
];
