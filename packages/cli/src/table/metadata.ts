import type { CommandSpec, OptionSpec } from '../command.ts';

const role: OptionSpec = [
  '--role <name>',
  'of which role a targets file is (default: as the file is called)',
];
const trust: readonly OptionSpec[] = [
  ['--root <file>', 'the trusted root; for a root, the one before it'],
  ['--delegator <file>', 'for a delegated role: the role that delegates to it'],
];

/** The two ways to a password that every command with a key has. */
export const passwords: readonly OptionSpec[] = [
  ['--password-file <file>', 'a file, mode 0600, with the password of the key'],
  ['--password-stdin', 'read the password from standard input'],
];

/** Single files of metadata, with no repository around: for people who know TUF. */
export const metadataCommands: readonly CommandSpec[] = [
  {
    words: ['metadata', 'show'],
    args: '<file>',
    summary: 'what a file of metadata says; nothing is verified',
    audience: 'anyone',
    writes: false,
    options: [role],
    examples: ['ragv metadata show 1.root.json', 'ragv metadata show 7.targets.json --json'],
    load: () => import('../commands/metadata-show.ts'),
  },
  {
    words: ['metadata', 'diff'],
    args: '<before> <after>',
    summary: 'all that differs between two files of metadata',
    audience: 'anyone',
    writes: false,
    options: [],
    examples: ['ragv metadata diff 1.root.json 2.root.json'],
    load: () => import('../commands/metadata-diff.ts'),
  },
  {
    words: ['metadata', 'verify'],
    args: '<file>',
    summary: 'signatures, threshold and expiry of one file',
    audience: 'anyone',
    writes: false,
    options: [...trust, role],
    examples: [
      'ragv metadata verify 2.root.json --root 1.root.json',
      'ragv metadata verify 3.vendor.acme.json --delegator 5.targets.json',
    ],
    load: () => import('../commands/metadata-verify.ts'),
  },
  {
    words: ['metadata', 'sign'],
    args: '<file>',
    summary: 'add one signature to a file of metadata, once you have seen what it says',
    audience: 'anyone',
    writes: true,
    options: [
      ['--key <uri>', 'the key: file2:<path>, or <name>=file2:<path> for a password of its own'],
      ...trust,
      ['--against <file>', 'what it replaces, to see what changes'],
      role,
      ['--again', 'although this key signed another content under the same version before'],
      ['--yes', 'do not ask for the name of the role'],
      ...passwords,
    ],
    examples: ['ragv metadata sign 2.root.json --key file2:root.p8 --root 1.root.json --against 1.root.json'],
    load: () => import('../commands/metadata-sign.ts'),
  },
];
