/** The GCS driver on a server that speaks its protocol, and asks for no credentials. */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BucketFinding,
  checkBucket,
  obstacles,
  openStorage,
  prepareBucket,
  storageKey,
} from '@ragnos/storage';
import { testStorage } from '@ragnos/storage/contract';
import { told } from '../lib/told.ts';

const endpoint = told('RAGV_TEST_GCS');
const bucket = `ragv-${randomBytes(6).toString('hex')}`;
const uri = (prefix = '', name = bucket): string => `gcs://${name}/${prefix}?endpoint=${endpoint}`;
const key = storageKey('metadata/timestamp.json');
const env = { GOOGLE_CLOUD_PROJECT: 'ragv-test', GOOGLE_OAUTH_ACCESS_TOKEN: 'made-up' };
let made = 0;
let prepared: readonly BucketFinding[] = [];

beforeAll(async () => {
  prepared = await prepareBucket(uri(), { env });
});

describe('contract', () => {
  testStorage(() => openStorage(uri(`run ${made++}/ü`), { env }), { meta: 'kept' });
});

describe('a bucket', () => {
  test('is made fit for a repository', () => {
    expect(obstacles(prepared)).toEqual([]);
    expect(prepared[0]).toMatchObject({ check: 'exists', state: 'mended' });
  });
  test('that was prepared is found in order', async () => {
    expect(obstacles(await checkBucket(uri(), { env }))).toEqual([]);
  });
  test('that is not there is missing, with the command that makes it', async () => {
    const [finding] = await checkBucket(uri('', 'nowhere'), { env });
    expect(finding).toMatchObject({
      check: 'exists',
      state: 'missing',
      run: expect.stringContaining('gcloud storage') as unknown,
    });
  });
  test('that is not there is never an empty one', async () => {
    const storage = await openStorage(uri('', 'nowhere'), { env });
    const missing = { code: 'STORAGE_CONFLICT' };
    await expect(storage.get(key)).rejects.toMatchObject(missing);
    await expect(storage.head(key)).rejects.toMatchObject(missing);
    await expect(storage.putIfAbsent(key, Buffer.from('1'))).rejects.toMatchObject(missing);
  });
});
