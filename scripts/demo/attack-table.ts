/** The attacks of the demo and of its test: what is changed, which check is in the way, and how it has to be refused. */
import { chmod, copyFile, cp, lstat, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '@ragnos/plugin';
import { fixedPassword, openSigner } from '@ragnos/signing';
import { keyId, metadataToBytes, parseMetadata, signedToBytes, type Timestamp } from '@ragnos/tuf';
import { endless, type Lie } from './evil-server.ts';
import { incidents } from './incidents.ts';
import type { Outcome } from './run.ts';
import { ragvQuietly, type Stage } from './stage.ts';
import { toolIncidents } from './tool-incidents.ts';
import type { Patch } from './weaken.ts';

/** Where one strike happens: copies that belong to it alone. */
export interface Ground {
  readonly stage: Stage;
  readonly folder: string;
  readonly home: string;
  /** The folder that is served. */
  readonly served: string;
  readonly sent: () => number;
  /** Where the host looks for the repository. */
  readonly port: number;
}

export interface Attack {
  readonly id: string;
  readonly title: string;
  /** Which host is attacked, and which state of the repository is served: before or after the last publish. */
  readonly host: 'old' | 'new';
  readonly serves: 'old' | 'new';
  readonly command: readonly string[];
  readonly tamper?: (ground: Ground) => Promise<void>;
  readonly lie?: Lie;
  readonly clockShiftMs?: number;
  /** The command is the operator's: what is refused is at the door, and no host is asked. */
  readonly operator?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads: the words of the AI host that started it. */
  readonly input?: string;
  /** The attack comes after metadata that verifies and is kept. */
  readonly behindMetadata?: boolean;
  /** The check that stands in the way, disabled in the test build. */
  readonly patches: readonly Patch[];
  readonly exit: number;
  readonly codes: readonly string[];
  /** Whether the attacker got what he wanted. */
  readonly worked: (outcome: Outcome, ground: Ground) => boolean | Promise<boolean>;
}

const day = 24 * 60 * 60 * 1000;
const endlessBytes = 64 * 1024 * 1024;

const noThreshold: Patch = {
  package: 'tuf',
  file: 'metadata/envelope.js',
  find: 'if (good.size < role.threshold)',
  replace: 'if (false)',
};
const noRollback: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (next < trusted)',
    replace: 'if (false)',
  },
  // A log that got shorter gives an old timestamp away too.
  {
    package: 'client',
    file: 'updater/log-head.js',
    find: "if (step === 'back')",
    replace: 'if (false)',
  },
];
const noExpiry: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (!this.#enforceExpiry || signed.expires > this.#now)',
    replace: 'if (true)',
  },
  {
    package: 'client',
    file: 'updater/in-force.js',
    find: 'if (expires > now)',
    replace: 'if (true)',
  },
];
const noFileCheck: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'hashes.js',
    find: 'if (expected.length !== null && bytes.length !== expected.length)',
    replace: 'if (false)',
  },
  {
    package: 'tuf',
    file: 'hashes.js',
    find: "if (createHash(algorithm).update(bytes).digest('hex') !== digest)",
    replace: 'if (false)',
  },
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (metadata.signed.version !== expected.version)',
    replace: 'if (false)',
  },
  { package: 'client', file: 'updater/remote.js', find: 'return expected.length;', replace: 'return limit;' },
];
const noTargetCheck: readonly Patch[] = [
  {
    package: 'client',
    file: 'updater/download.js',
    find: 'if (received !== info.length || wrong !== undefined)',
    replace: 'if (false)',
  },
  {
    package: 'client',
    file: 'updater/download.js',
    find: 'maxLength: info.length',
    replace: 'maxLength: 1e9',
  },
];
const noContentCheck: readonly Patch[] = [
  {
    package: 'plugin',
    file: 'host/content.js',
    find: "hash('sha256', bytes, 'hex') === sha256",
    replace: 'true',
  },
  {
    package: 'plugin',
    file: 'host/unpack.js',
    find: 'if (entry.body.length !== file.size)',
    replace: 'if (false)',
  },
  {
    package: 'plugin',
    file: 'host/unpack.js',
    find: "if (hash('sha256', entry.body, 'hex') !== file.sha256)",
    replace: 'if (false)',
  },
];

export const attacks: readonly Attack[] = [
  {
    id: 'tampered-artifact',
    title: 'the archive on the server is replaced by one with other code',
    host: 'new',
    serves: 'new',
    command: ['install', 'acme/hello@1.3.0'],
    tamper: replaceArchive,
    behindMetadata: true,
    patches: [...noTargetCheck, ...noContentCheck],
    exit: 3,
    codes: ['LENGTH_OR_HASH_MISMATCH', 'DOWNLOAD_LENGTH'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'tampered-metadata',
    title: 'the timestamp is edited to be newer and to live until 2040',
    host: 'new',
    serves: 'new',
    command: ['search'],
    tamper: prolongTimestamp,
    patches: [noThreshold],
    exit: 3,
    codes: ['UNSIGNED'],
    worked: async (_, ground) => (await hostTimestamp(ground)).includes('2040-01-01'),
  },
  {
    id: 'rollback',
    title: 'the repository is served as it was before the last publish',
    host: 'new',
    serves: 'old',
    command: ['search'],
    patches: noRollback,
    exit: 3,
    codes: ['BAD_VERSION'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'freeze',
    title: 'the same old timestamp is served for three days (the clock is moved)',
    host: 'new',
    serves: 'new',
    command: ['search'],
    clockShiftMs: 3 * day,
    patches: noExpiry,
    exit: 4,
    codes: ['EXPIRED'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'mix-and-match',
    title: 'the vendor’s role of yesterday is served under the name of today’s',
    host: 'old',
    serves: 'new',
    command: ['info', 'acme/hello', '--json'],
    tamper: mixRoles,
    behindMetadata: true,
    patches: noFileCheck,
    exit: 3,
    codes: ['LENGTH_OR_HASH_MISMATCH', 'DOWNLOAD_LENGTH', 'BAD_VERSION'],
    worked: (outcome) => outcome.exit === 0 && !outcome.stdout.includes('1.3.0'),
  },
  {
    id: 'endless-data',
    title: 'the timestamp never ends',
    host: 'new',
    serves: 'new',
    command: ['search'],
    lie: (path, response) => path.endsWith('/timestamp.json') && endless(response, endlessBytes),
    patches: [
      {
        package: 'client',
        file: 'fetcher.js',
        find: 'if (received > options.maxLength)',
        replace: 'if (false)',
      },
    ],
    exit: 3,
    codes: ['DOWNLOAD_LENGTH'],
    worked: (_, ground) => ground.sent() > endlessBytes / 2,
  },
  {
    id: 'wrong-length',
    title: 'the index of versions comes with a megabyte more than was signed',
    host: 'old',
    serves: 'new',
    command: ['info', 'acme/hello'],
    tamper: async ({ served }) => {
      const folder = join(served, 'targets', 'vendors', 'acme', 'hello');
      for (const name of await readdir(folder))
        if (name.endsWith('.index.json'))
          await writeFile(
            join(folder, name),
            `${await readFile(join(folder, name), 'utf8')}${' '.repeat(1_000_000)}`,
          );
    },
    behindMetadata: true,
    patches: noTargetCheck,
    exit: 3,
    codes: ['LENGTH_OR_HASH_MISMATCH', 'DOWNLOAD_LENGTH'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'rotated-key',
    title: 'a key that was stolen, and rotated out, signs a new timestamp',
    host: 'new',
    serves: 'new',
    command: ['search'],
    tamper: signWithRotatedKey,
    behindMetadata: true,
    patches: [noThreshold],
    exit: 3,
    codes: ['UNSIGNED'],
    worked: async (_, ground) => (await hostTimestamp(ground)).includes('2040-01-01'),
  },
  {
    id: 'changed-file',
    title: 'a file is changed after it was installed',
    host: 'new',
    serves: 'new',
    command: ['run', 'acme/hello'],
    tamper: async ({ home }) => {
      const bin = (await findBelow(home, 'bin.js')).filter((path) => path.includes('/hello/'));
      for (const path of bin) await overwrite(path, "console.log('pwned');\n");
    },
    patches: [
      {
        package: 'plugin',
        file: 'load/activate.js',
        find: 'if (findings.length > 0)',
        replace: 'if (false)',
      },
      // The copy from which it runs in a sandbox is compared too, and the loader compares once more what it reads.
      {
        package: 'plugin',
        file: 'confine/private-copy.js',
        find: "if (hash('sha256', bytes, 'hex') !== digest)",
        replace: 'if (bytes === null)',
      },
      {
        package: 'plugin',
        file: 'confine/preload/loader.js',
        find: 'if (sha256(source) !== digest)',
        replace: 'if (source === null)',
      },
    ],
    exit: 3,
    codes: ['TREE_CHANGED'],
    worked: (outcome) => outcome.stdout.includes('pwned'),
  },
  ...incidents,
  ...toolIncidents,
];

async function replaceArchive({ served }: Ground): Promise<void> {
  const evil = await writeArchive([
    {
      path: 'package/package.json',
      mode: 0o644,
      body: Buffer.from('{"name":"hello","version":"1.3.0","type":"module"}'),
    },
    { path: 'package/index.js', mode: 0o644, body: Buffer.from('') },
    { path: 'package/bin.js', mode: 0o755, body: Buffer.from("console.log('pwned');\n") },
  ]);
  const [archive] = (await findBelow(served, '')).filter((path) => path.endsWith('.hello-1.3.0.tgz'));
  if (archive === undefined) throw new Error('hello 1.3.0 is not published');
  await writeFile(archive, evil);
}

async function prolongTimestamp({ served }: Ground): Promise<void> {
  const path = join(served, 'metadata', 'timestamp.json');
  const { signed, signatures } = parseMetadata(await readFile(path), 'timestamp');
  const forged = { ...signed, version: signed.version + 1, expires: new Date('2040-01-01T00:00:00Z') };
  await writeFile(path, metadataToBytes(signedToBytes(forged), signatures));
}

/** The newest version of the vendor's role gets the content of the one before: signed, and not what the snapshot names. */
async function mixRoles({ served }: Ground): Promise<void> {
  const folder = join(served, 'metadata');
  const versions = (await readdir(folder))
    .flatMap((name) => /^(\d+)\.vendor\.acme\.json$/.exec(name)?.[1] ?? [])
    .map(Number);
  const [newest, before] = versions.toSorted((a, b) => b - a);
  await copyFile(join(folder, `${before}.vendor.acme.json`), join(folder, `${newest}.vendor.acme.json`));
}

/** The operator rotates the key; the thief, who has the old file and its password, signs a timestamp for ever. */
async function signWithRotatedKey(ground: Ground): Promise<void> {
  const { rotated, oldKeyFile, password } = await rotatedVault(ground);
  for (const name of await readdir(join(rotated, 'public', 'metadata')))
    await copyFile(join(rotated, 'public', 'metadata', name), join(ground.served, 'metadata', name));
  const path = join(ground.served, 'metadata', 'timestamp.json');
  const timestamp = parseMetadata(await readFile(path), 'timestamp').signed;
  const forged: Timestamp = {
    ...timestamp,
    version: timestamp.version + 1,
    expires: new Date('2040-01-01T00:00:00Z'),
  };
  const signedBytes = signedToBytes(forged);
  const thief = await openSigner(`file2:${oldKeyFile}`, { password: fixedPassword(password) });
  const signature = await thief.sign(signedBytes);
  await writeFile(path, metadataToBytes(signedBytes, [{ ...signature, keyId: keyId(signature.keyId) }]));
}

async function rotatedVault({
  stage,
  folder,
}: Ground): Promise<{ rotated: string; oldKeyFile: string; password: string }> {
  const rotated = join(folder, 'vault');
  await cp(stage.vault, rotated, { recursive: true });
  await ragvQuietly(['key', 'rotate', 'timestamp', '--vault', rotated], {
    cwd: folder,
    env: stage.operatorEnv,
  });
  const password = await readFile(stage.operatorEnv['RAGV_KEY_PASSWORD_FILE'] ?? '', 'utf8');
  return { rotated, oldKeyFile: join(rotated, 'keys', 'timestamp.p8'), password: password.trim() };
}

/** What the host now believes. */
async function hostTimestamp({ home }: Ground): Promise<string> {
  const found = (await findBelow(home, 'timestamp.json')).filter((path) => path.includes('/metadata/'));
  const texts = await Promise.all(found.map(async (path) => readFile(path, 'utf8')));
  return texts.join('\n');
}

async function findBelow(folder: string, name: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && (name === '' || entry.name === name))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'));
}

async function overwrite(path: string, text: string): Promise<void> {
  const { mode } = await lstat(path);
  await chmod(path, 0o644);
  await writeFile(path, text);
  await chmod(path, mode & 0o777);
}
