/** The S3 driver on a real server. What this one does differently from S3 is named where it shows. */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BucketFinding,
  checkBucket,
  obstacles,
  openStorage,
  prepareBucket,
  read,
  storageKey,
  type Storage,
} from '@ragnos/storage';
import { testStorage } from '@ragnos/storage/contract';
import { signedFetch } from '../lib/signed-fetch.ts';
import { told } from '../lib/told.ts';

const endpoint = told('RAGV_TEST_S3');
const bucket = `ragv-${randomBytes(6).toString('hex')}`;
const uri = (prefix = '', name = bucket): string => `s3://${name}/${prefix}?endpoint=${endpoint}`;
const key = storageKey('metadata/timestamp.json');
let made = 0;

let prepared: readonly BucketFinding[] = [];
beforeAll(async () => {
  prepared = await prepareBucket(uri());
});

describe('contract', () => {
  testStorage(() => openStorage(uri(`run ${made++}/ü`)), { meta: 'kept' });
});

describe('a bucket', () => {
  test('is made fit for a repository', () => expect(obstacles(prepared)).toEqual([]));
  test('that was prepared is found in order, and nothing of the check stays', async () => {
    expect(obstacles(await checkBucket(uri('checked')))).toEqual([]);
    for await (const entry of (await openStorage(uri('checked'))).list('')) expect(entry).toBeUndefined();
  });
  test('is not given settings that break this store', async () => {
    const findings = await prepareBucket(uri('', `${bucket}-2`));
    // Ceph 16 ignores conditions once versions are kept, and refuses every put once public access is blocked.
    expect(findings.find(({ check }) => check === 'versioning')).toMatchObject({ state: 'unsupported' });
    expect(findings.find(({ check }) => check === 'public-access')).toMatchObject({ state: 'unsupported' });
    expect(findings.find(({ check }) => check === 'conditional-writes')).toMatchObject({ state: 'ok' });
  });
  test('that is not there is never an empty one', async () => {
    const storage = await openStorage(uri('', 'ragv-nowhere'));
    const missing = { code: 'STORAGE_CONFLICT' };
    await expect(storage.get(key)).rejects.toMatchObject(missing);
    await expect(storage.head(key)).rejects.toMatchObject(missing);
    await expect(storage.putIfAbsent(key, Buffer.from('1'))).rejects.toMatchObject(missing);
  });
});

describe('credentials', () => {
  const get = async (id: string, secret: string): Promise<unknown> =>
    (await openStorage(uri(), { env: { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } })).get(key);
  const denied = { code: 'STORAGE_DENIED' };
  test('with a wrong secret are refused', () =>
    expect(get(told('AWS_ACCESS_KEY_ID'), 'wrong')).rejects.toMatchObject(denied));
  test('with an unknown id are refused', () =>
    expect(get('unknown', told('AWS_SECRET_ACCESS_KEY'))).rejects.toMatchObject(denied));
});

test('a body whose digest was signed wrongly is refused by the server', async () => {
  // The driver never sends one; what it relies on is tried by hand.
  const forged = { method: 'PUT', path: `/${bucket}/forged`, body: 'other', payloadHash: '0'.repeat(64) };
  expect((await signedFetch(process.env, forged)).status).toBe(400);
});

describe('Object Lock', () => {
  const name = `${bucket}-locked`;
  const locked = `${uri('', name)}&lock=governance&lock-days=1`;
  let storage: Storage;
  let findings: readonly BucketFinding[] = [];
  beforeAll(async () => {
    findings = await prepareBucket(locked);
    storage = await openStorage(locked);
  });
  test('is had in a bucket of its own; that conditions do not hold there, the check says', () => {
    expect(findings.find(({ check }) => check === 'object-lock')).toMatchObject({ state: 'ok' });
    // Ceph 16 ignores conditions where versions are kept, as they are with Object Lock.
    expect(obstacles(findings)).toMatchObject([{ check: 'conditional-writes' }]);
  });
  test('keeps the version of what never changes, whatever is written or deleted over it', async () => {
    const target = storageKey('targets/a');
    const meta = { cacheControl: 'public, max-age=31536000, immutable' };
    expect(await storage.putIfAbsent(target, Buffer.from('1'), meta)).toMatchObject({ created: true });
    await storage.delete(target);
    const versions = await versionsOf(target);
    expect(versions).toHaveLength(1);
    expect(await removeVersion(target, versions[0])).toBe(403);
  });
  test('does not hold what is meant to change', async () => {
    expect(
      await storage.compareAndSwap(key, Buffer.from('1'), { cacheControl: 'no-store' }, null),
    ).toMatchObject({ swapped: true });
    const versions = await versionsOf(key);
    expect(await removeVersion(key, versions[0])).toBe(204);
    expect(await read(storage, key, { maxLength: 10 })).toBeNull();
  });

  async function versionsOf(of: string): Promise<readonly string[]> {
    const query = [
      ['prefix', of],
      ['versions', ''],
    ] as const;
    const text = await (await signedFetch(process.env, { method: 'GET', path: `/${name}`, query })).text();
    return [...text.matchAll(/<Version>.*?<VersionId>([^<]+)<\/VersionId>.*?<\/Version>/gs)].map(
      (match) => match[1] ?? '',
    );
  }
  async function removeVersion(of: string, version = ''): Promise<number> {
    const request = { method: 'DELETE', path: `/${name}/${of}`, query: [['versionId', version]] } as const;
    return (await signedFetch(process.env, request)).status;
  }
});
