import type { CommandSpec, OptionSpec } from '../command.ts';

const vendor: OptionSpec = ['--vendor <name>', 'whose plugin it is (default: the vendor in ragv.toml)'];

/** What is done in a vault. */
export const operatorCommands: readonly CommandSpec[] = [
  {
    words: ['init'],
    args: '[folder]',
    summary: 'make a repository: keys, root, targets, snapshot, timestamp and the first vendor',
    audience: 'operator',
    writes: true,
    options: [
      ['--vendor <name>', 'the first vendor (default: your login name)'],
      [
        '--key-type <type>',
        'ecdsa (default), ecdsa-p384, ed25519, rsa3072, rsa4096, ml-dsa-44, ml-dsa-65 or ml-dsa-87',
      ],
      ['--store <address>', 'where the published files go: s3://…, gcs://…, azure://… (default: a folder)'],
      ['--compat <client...>', 'clients of other makes that must be able to read it: tough, go-tuf, …'],
      ['--check', 'only look whether the store of --store is fit; make and change nothing'],
    ],
    examples: [
      'ragv init ./vault --vendor acme',
      'ragv init ./vault --vendor acme --password-file ./password',
      'ragv init ./vault --vendor acme --store "s3://bucket/plugins?region=eu-central-1"',
      'ragv init --check --store "s3://bucket/plugins?region=eu-central-1"',
    ],
    load: () => import('../commands/init.ts'),
  },
  {
    words: ['pack'],
    args: '<source...>',
    summary: 'make a closed plugin and its manifest, without publishing it',
    audience: 'anyone',
    writes: true,
    options: [
      ['--vendor <name>', 'whose plugin it is'],
      ['--output <folder>', 'where to write it (default: the current folder)'],
      ...packOptions(),
    ],
    examples: ['ragv pack ./hello --vendor acme', 'ragv pack npm:mathjs@14.0.0 --vendor acme --bundle'],
    load: () => import('../commands/pack.ts'),
  },
  {
    words: ['publish'],
    args: '<source...>',
    summary: 'pack and publish: a folder, a .tgz, .mcpb, .vsix or .whl file, or npm:name@version',
    audience: 'operator',
    writes: true,
    options: [vendor, ...packOptions()],
    examples: [
      'ragv publish ./hello',
      'ragv publish npm:marked@15.0.0 npm:marked@15.0.12',
      'ragv publish npm:mathjs@14.0.0 --bundle',
    ],
    load: () => import('../commands/publish.ts'),
  },
  {
    words: ['yank'],
    args: '<plugin>',
    summary: 'take one version back: nobody installs it any more, and hosts that have it are told',
    audience: 'operator',
    writes: true,
    options: [
      ['--reason <text>', 'shown to everybody who has it'],
      ['--undo', 'make it installable again'],
    ],
    examples: [
      'ragv yank acme/hello@1.2.0 --reason "greets the wrong people"',
      'ragv yank acme/hello@1.2.0 --undo',
    ],
    load: () => import('../commands/yank.ts'),
  },
  {
    words: ['target', 'add'],
    args: '<file...>',
    summary: 'sign any file: a wheel, a public key, a document',
    audience: 'operator',
    writes: true,
    options: [
      ['--path <path>', 'the target path, for one file (default: its name)'],
      ['--below <folder>', 'a folder of target paths to put them in'],
    ],
    examples: ['ragv target add release.pub', 'ragv target add dist/tool-1.0.whl --below wheels'],
    load: () => import('../commands/target-add.ts'),
  },
  {
    words: ['target', 'remove'],
    args: '<path...>',
    summary: 'take target paths out of the metadata',
    audience: 'operator',
    writes: true,
    options: [],
    examples: ['ragv target remove release.pub'],
    load: () => import('../commands/target-remove.ts'),
  },
  {
    words: ['target', 'list'],
    args: '[role]',
    summary: 'the targets of a role (default: the top-level targets)',
    audience: 'operator',
    writes: false,
    options: [],
    examples: ['ragv target list', 'ragv target list vendor.acme --json'],
    load: () => import('../commands/target-list.ts'),
  },
  {
    words: ['serve'],
    args: '',
    summary: 'serve the repository over HTTP, and re-sign what is due',
    audience: 'operator',
    writes: false,
    options: [
      ['--host <address>', 'where to listen (default: 127.0.0.1)'],
      ['--port <number>', 'default: 8080; 0 takes any free one'],
      ['--cors <origin...>', 'origins that browsers may read from'],
      ['--no-refresh', 'leave re-signing to another process; needs no password'],
    ],
    examples: ['ragv serve', 'ragv serve --port 9000 --no-refresh'],
    load: () => import('../commands/serve.ts'),
  },
  {
    words: ['key', 'list'],
    args: '',
    summary: 'the keys that this vault can sign with',
    audience: 'operator',
    writes: false,
    options: [],
    examples: ['ragv key list'],
    load: () => import('../commands/key-list.ts'),
  },
  {
    words: ['key', 'rotate'],
    args: '<role>',
    summary: 'replace a key of a role; no client fails in between; what needs other signers becomes an event',
    audience: 'operator',
    writes: true,
    options: [
      [
        '--key-type <type>',
        'ecdsa (default), ecdsa-p384, ed25519, rsa3072, rsa4096, ml-dsa-44, ml-dsa-65 or ml-dsa-87',
      ],
      ['--old-key <keyid>', 'which one, where the role has several; eight characters of its id will do'],
      ['--new-key <file>', 'the public key that takes its place (default: a new one in this vault)'],
      ['--reason <text>', 'if it becomes an event: shown to the signers'],
      ['--deadline <days>', 'if it becomes an event: after it nobody signs any more (default: 14)'],
      ['--output <file>', 'if it becomes an event: also write it there, to travel'],
      ['--again', 'although a key signed another content under the same version before'],
      ['--yes', 'do not ask for the name of the role'],
    ],
    examples: ['ragv key rotate timestamp', 'ragv key rotate root --yes'],
    load: () => import('../commands/key-rotate.ts'),
  },
  {
    words: ['key', 'revoke'],
    args: '',
    summary:
      'keys were stolen: new ones, a root without the old ones, and low version numbers again if need be',
    audience: 'operator',
    writes: true,
    options: [
      [
        '--compromised <key...>',
        'ids of the keys, eight characters will do, or roles, which means all of their keys',
      ],
      [
        '--add-key <file...>',
        'public keys that take their place (default: new ones in this vault; for root: none)',
      ],
      ['--key-type <type>', 'of new keys: ecdsa (default), ed25519, rsa3072 or rsa4096'],
      ['--reason <text>', 'shown to the holders of root'],
      ['--deadline <days>', 'if root keys are elsewhere: after it nobody signs any more (default: 14)'],
      ['--output <file>', 'if root keys are elsewhere: also write the event there, to travel'],
      ['--again', 'although a key signed another content under the same version before'],
      ['--yes', 'do not ask for the word revoke'],
    ],
    examples: [
      'ragv key revoke --compromised timestamp snapshot',
      'ragv key revoke --compromised 3f1a9c04 --dry-run',
    ],
    load: () => import('../commands/key-revoke.ts'),
  },
  {
    words: ['key', 'passwd'],
    args: '<role|file>',
    summary: 'encrypt a key file under a new password',
    audience: 'operator',
    writes: true,
    options: [['--new-password-file <file>', 'a file, mode 0600, with the new password']],
    examples: ['ragv key passwd timestamp', 'ragv key passwd ./keys/root.p8 --new-password-file ./new'],
    load: () => import('../commands/key-passwd.ts'),
  },
];

function packOptions(): readonly OptionSpec[] {
  return [
    ['--bundle', 'put the production dependencies inside'],
    ['--name <name>', 'the plugin’s name (default: the package’s, of a scoped one the last part)'],
    ['--lockfile <file>', 'a package-lock.json that says what is bundled'],
    ['--target <system>', 'linux-x64 and the like: take native parts for that system'],
  ];
}
