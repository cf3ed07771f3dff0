import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Updater } from '@ragnos/client';
import { initRepository } from '@ragnos/repository';
import { openStorage, prepareBucket } from '@ragnos/storage';
import type { Tally } from '../../interop/lib/tally.ts';
import { sharedKeys } from '../../packages/repository/test/keyring.ts';
import { signedFetch } from '../lib/signed-fetch.ts';
import { runCrew, type CrewResult } from './crew.ts';
import { linesOf, pollUntil } from './reader.ts';

const roles = ['root', 'timestamp', 'snapshot', 'targets', 'vendor.acme'];
const names = ['north', 'east', 'south', 'west'];

/**
 * Four publishers on one bucket with nothing between them, one of them killed -9 every few seconds, and a client that polls.
 * Afterwards everything that was published is there, once. Before it, one publisher alone, for the figures.
 */
export async function publishTogether(
  env: Readonly<Record<string, string>>,
  short: boolean,
  folder: string,
  tally: Tally,
): Promise<void> {
  await mkdir(folder);
  const alone = await world(env, join(folder, 'alone'));
  const one = await runCrew({ ...alone, names: ['alone'], count: short ? 5 : 50, killEveryMs: null, env });
  say('  one publisher', one);
  for (const failure of one.failures) tally.check('one publisher', failure);

  const together = await world(env, join(folder, 'together'));
  const count = short ? 10 : 250;
  const over = new AbortController();
  const polling = pollUntil(over.signal, together);
  const crew = await runCrew({ ...together, names, count, killEveryMs: short ? 1500 : 3000, env });
  over.abort();
  const { refreshes, errors } = await polling;
  say(`  four publishers, ${crew.kills} killed`, crew);
  console.log(`  a client meanwhile: ${refreshes} refreshes, ${errors.length} errors`);

  tally.check(
    'publishers that were not killed ended well',
    crew.failures.length === 0 ? null : crew.failures.join('\n'),
  );
  tally.check('some were killed', crew.kills > 0 ? null : 'none was');
  tally.check(
    'a client that polls sees no error',
    errors.length === 0 ? null : errors.slice(0, 5).join('\n'),
  );
  tally.check('a client that polls sees something', refreshes > 5 ? null : `${refreshes} refreshes`);
  tally.check('nothing is lost and nothing twice', await losses(together, count));
}

interface World {
  readonly uri: string;
  readonly baseUrl: string;
  readonly root: Uint8Array;
  readonly folder: string;
  readonly keysFile: string;
}

/** A bucket that everybody may read, and an empty repository in it. */
async function world(env: Readonly<Record<string, string>>, folder: string): Promise<World> {
  await mkdir(folder);
  const bucket = `ragv-${randomBytes(6).toString('hex')}`;
  const endpoint = env['RAGV_TEST_S3'] ?? '';
  const uri = `s3://${bucket}/vault?endpoint=${endpoint}`;
  await prepareBucket(uri, { env });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: ['s3:GetObject', 's3:ListBucket'], // without the second, what is absent is answered with 403
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
  const opened = await signedFetch(env, {
    method: 'PUT',
    path: `/${bucket}`,
    query: [['policy', '']],
    body: JSON.stringify(policy),
  });
  if (!opened.ok) throw new Error(`the bucket's policy was not taken: ${await opened.text()}`);
  const keysFile = join(folder, 'keys.json');
  const keys = await sharedKeys(keysFile, roles);
  const layout = {
    root: keys.role('root'),
    timestamp: keys.role('timestamp'),
    snapshot: keys.role('snapshot'),
    targets: keys.role('targets'),
    delegations: [keys.delegation('vendor.acme', ['vendors/acme/*/*'])],
  };
  const storage = await openStorage(uri, { env });
  const { root } = await initRepository(storage, {
    layout,
    signers: keys.source,
    staging: join(folder, 'staging'),
  });
  return { uri, baseUrl: `${endpoint}/${bucket}/vault/`, root, folder, keysFile };
}

/** As a new client finds it: every line once, and every target with its content. `null`: so it is. */
async function losses({ baseUrl, root, folder }: World, count: number): Promise<string | null> {
  const updater = await Updater.open({ dir: join(folder, 'new'), baseUrl, root });
  await updater.refresh();
  const expected = names.flatMap((name) => Array.from({ length: count }, (_, i) => `${name}-${i}`));
  const lines = await linesOf(updater, join(folder, 'last-index.json'));
  if (lines.toSorted().join(' ') !== expected.toSorted().join(' '))
    return `of ${expected.length} lines, ${new Set(lines).size} are there, and ${lines.length} in all`;
  for (const line of expected) {
    const [name = '', index = ''] = line.split('-');
    const info = await updater.find(`vendors/acme/${name}/${index}`);
    if (info === null) return `no target for ${line}`;
    const file = join(folder, 'target');
    await updater.download(info, file);
    if ((await readFile(file, 'utf8')) !== line) return `another content for ${line}`;
  }
  return null;
}

function say(what: string, { published, seconds }: CrewResult): void {
  const times = published.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const at = (part: number): string => (times[Math.floor(times.length * part)] ?? NaN).toFixed(0);
  const mean = (pick: (one: CrewResult['published'][number]) => number): string =>
    (published.reduce((sum, one) => sum + pick(one), 0) / published.length).toFixed(1);
  console.log(
    `${what}: ${published.length} publishes in ${seconds.toFixed(1)} s, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ` +
      `${mean(({ attempts }) => attempts)} tries and ${mean(({ requests }) => requests)} requests each`,
  );
}
