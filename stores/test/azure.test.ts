/** The Azure driver on a server that speaks its protocol. */
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

const endpoint = told('RAGV_TEST_AZURE');
const account = told('RAGV_TEST_AZURE_ACCOUNT');
const container = `ragv-${randomBytes(6).toString('hex')}`;
const uri = (prefix = '', name = container): string =>
  `azure://${account}/${name}/${prefix}?endpoint=${endpoint}`;
const key = storageKey('metadata/timestamp.json');
let made = 0;
let prepared: readonly BucketFinding[] = [];

beforeAll(async () => {
  prepared = await prepareBucket(uri());
});

describe('contract', () => {
  testStorage(() => openStorage(uri(`run ${made++}/ü`)), { meta: 'kept' });
});

describe('a container', () => {
  test('is made fit for a repository', () => {
    expect(obstacles(prepared)).toEqual([]);
    expect(prepared[0]).toMatchObject({ check: 'exists', state: 'mended' });
  });
  test('that was prepared is found in order', async () => {
    expect(obstacles(await checkBucket(uri()))).toEqual([]);
  });
  test('that is not there is missing, with the command that makes it', async () => {
    const [finding] = await checkBucket(uri('', 'nowhere'));
    expect(finding).toMatchObject({
      check: 'exists',
      state: 'missing',
      run: expect.stringContaining('az storage') as unknown,
    });
  });
  test('that is not there is never an empty one', async () => {
    const storage = await openStorage(uri('', 'nowhere'));
    const missing = { code: 'STORAGE_CONFLICT' };
    await expect(storage.get(key)).rejects.toMatchObject(missing);
    await expect(storage.head(key)).rejects.toMatchObject(missing);
    await expect(storage.putIfAbsent(key, Buffer.from('1'))).rejects.toMatchObject(missing);
  });
});

test('a wrong key is refused', async () => {
  const storage = await openStorage(uri(), {
    env: { AZURE_STORAGE_KEY: randomBytes(64).toString('base64') },
  });
  await expect(storage.get(key)).rejects.toMatchObject({ code: 'STORAGE_DENIED' });
});
