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

/** Who can replace everything. */
export const rootCommands: readonly CommandSpec[] = [
  {
    words: ['root', 'ceremony'],
    args: '',
    summary: 'several people make a repository, or change who holds its root; leaves a signed transcript',
    audience: 'operator',
    writes: true,
    options: [
      [
        '--keys <holder...>',
        '<name>=file2:<path>, made if it is not there; <name>=<file>.pub for one who is elsewhere',
      ],
      ['--threshold <n>', 'how many of them have to sign'],
      ['--old <holder...>', 'who signs for the root in force, if its keys are not in this vault'],
      ['--vendor <name>', 'for a new repository: the first vendor (default: your login name)'],
      ['--store <uri>', 'for a new repository: where it is published; its bucket is made or checked'],
      ['--compat <client...>', 'for a new repository: other clients to be served'],
      ['--key-type <type>', 'of new keys: ecdsa (default), ed25519, rsa3072 or rsa4096'],
      ['--transcript <file>', 'where to write it (default: ceremonies/root-<version>.json in the vault)'],
      ['--reason <text>', 'for the transcript of a change'],
      ['--deadline <days>', 'if signatures are missing: after it nobody signs any more (default: 14)'],
      ['--again', 'although a key signed another content under the same version before'],
      ['--yes', 'do not ask for the word root'],
    ],
    examples: [
      'ragv root ceremony --vault ./vault',
      'ragv root ceremony --vault ./vault --threshold 3 --keys ann=file2:/media/ann/root.p8 bob=file2:/media/bob/root.p8 cat=file2:/media/cat/root.p8 dan=file2:/media/dan/root.p8 eve=file2:/media/eve/root.p8',
    ],
    load: () => import('../commands/root-ceremony.ts'),
  },
  {
    words: ['root', 'transcript'],
    args: '<file>',
    summary: 'verify the transcript of a ceremony against the roots that it tells of',
    audience: 'operator',
    writes: false,
    options: [
      ['--root <file>', 'the root that was made (in a vault: as it is published)'],
      ['--previous <file>', 'the root before it'],
    ],
    examples: ['ragv root transcript vault/ceremonies/root-2.json --vault vault'],
    load: () => import('../commands/root-transcript.ts'),
  },
  {
    words: ['root', 'rotate'],
    args: '',
    summary: 'add and remove root keys, or change the threshold; what is missing is an event',
    audience: 'operator',
    writes: true,
    options: [
      ...keyChanges,
      ['--key <uri...>', 'root keys that are not in this vault, to sign with now'],
      ...eventOptions,
      ['--again', 'although a key signed another content under the same version before'],
      ['--yes', 'do not ask for the word root'],
    ],
    examples: [
      'ragv root rotate --add-key erin.pub --remove-key 3f1a9c04',
      'ragv root rotate --threshold 3 --key ann=file2:/media/ann/root.p8',
    ],
    load: () => import('../commands/root-rotate.ts'),
  },
  {
    words: ['root', 'show'],
    args: '',
    summary: 'the newest root: its keys, thresholds, expiry and fingerprint',
    audience: 'operator',
    writes: false,
    options: [],
    examples: ['ragv root show --vault ./vault'],
    load: () => import('../commands/root-show.ts'),
  },
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
