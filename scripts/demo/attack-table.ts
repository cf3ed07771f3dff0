/** The attacks of the demo and of its test. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack } from './attack.ts';
import { noContentCheck, noExpiry, noFileCheck, noRollback, noTargetCheck, noThreshold } from './checks.ts';
import { endless } from './evil-server.ts';
import { incidents } from './incidents.ts';
import {
  findBelow,
  hostTimestamp,
  mixRoles,
  overwrite,
  prolongTimestamp,
  replaceArchive,
  signWithRotatedKey,
} from './tampering.ts';
import { postmark } from './postmark.ts';
import { toolIncidents } from './tool-incidents.ts';
import { worms } from './worms.ts';

const day = 24 * 60 * 60 * 1000;
const endlessBytes = 64 * 1024 * 1024;

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
    title: 'edited metadata: the timestamp is made newer, to live until 2040',
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
    title: 'rollback: the repository is served as it was before the last publish',
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
    title: 'freeze: the same old timestamp is served for three days (the clock is moved)',
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
    title: 'mix and match: the vendor’s role of yesterday is served under the name of today’s',
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
    title: 'endless data: the timestamp never ends',
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
    title: 'wrong length: the index of versions comes with a megabyte more than was signed',
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
  ...worms,
  ...postmark,
  ...toolIncidents,
];
