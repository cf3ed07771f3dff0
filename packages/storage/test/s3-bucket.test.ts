import { afterEach, describe, expect, test } from 'vitest';
import {
  checkBucket,
  obstacles,
  openStorage,
  prepareBucket,
  storageKey,
  type BucketCheck,
  type BucketFinding,
} from '@ragnos/storage';
import { s3StandIn, type S3StandIn, type S3StandInOptions } from './stand-in/s3.ts';

let server: S3StandIn;
const start = async (options: S3StandInOptions = {}): Promise<S3StandIn> => {
  server = await s3StandIn(options);
  return server;
};
afterEach(() => server.close());

const states = (findings: readonly BucketFinding[]): Partial<Record<BucketCheck, BucketFinding['state']>> =>
  Object.fromEntries(findings.map(({ check, state }) => [check, state]));
const run = (findings: readonly BucketFinding[], check: BucketCheck): string | undefined =>
  findings.find((finding) => finding.check === check)?.run;

describe('a bucket that is not there', () => {
  test('is missing, with the command that makes it', async () => {
    const { env, uri, origin } = await start();
    const findings = await checkBucket(uri('vault'), { env });
    expect(states(findings)).toEqual({ exists: 'missing' });
    expect(obstacles(findings)).toHaveLength(1);
    expect(run(findings, 'exists')).toBe(
      `aws s3api create-bucket --bucket vault --create-bucket-configuration LocationConstraint=eu-test-1 --region eu-test-1 --endpoint-url ${origin}`,
    );
  });
  test('is made, with every setting; a second time there is nothing to mend', async () => {
    const { env, uri, buckets } = await start();
    const first = await prepareBucket(uri('vault'), { env });
    expect(states(first)).toEqual({
      exists: 'mended',
      'conditional-writes': 'ok',
      encryption: 'mended',
      'public-access': 'mended',
      versioning: 'mended',
      'object-lock': 'missing',
    });
    expect(obstacles(first)).toEqual([]);
    const second = await prepareBucket(uri('vault'), { env });
    expect(new Set(Object.values(states(second)))).toEqual(new Set(['ok', 'missing']));
    expect([...buckets.keys()]).toEqual(['vault']); // what settings were tried in is gone
  });
  test('is made with Object Lock where the address asks for it', async () => {
    const { env, uri } = await start();
    const locked = uri('vault', '', '&lock=governance&lock-days=7');
    expect(states(await prepareBucket(locked, { env }))).toMatchObject({ 'object-lock': 'ok' });
    const storage = await openStorage(locked, { env });
    const meta = { cacheControl: 'public, max-age=31536000, immutable' };
    expect(await storage.putIfAbsent(storageKey('a'), Buffer.from('1'), meta)).toMatchObject({
      created: true,
    });
  });
});

test('check changes nothing, and leaves nothing', async () => {
  const { env, uri, buckets } = await start();
  await prepareBucket(uri('vault'), { env });
  buckets.get('vault')?.settings.clear();
  const findings = await checkBucket(uri('vault'), { env });
  expect(states(findings)).toMatchObject({
    encryption: 'missing',
    'public-access': 'missing',
    versioning: 'missing',
  });
  for (const check of ['encryption', 'public-access', 'versioning'] as const)
    expect(run(findings, check)).toContain('aws s3api put-');
  expect(buckets.get('vault')?.settings.size).toBe(0);
  expect(buckets.get('vault')?.table.page('', null, 10)).toEqual([]);
});

test('Object Lock that is asked for and missing is in the way', async () => {
  const { env, uri } = await start();
  await prepareBucket(uri('vault'), { env });
  expect(obstacles(await checkBucket(uri('vault'), { env, objectLock: true }))).toMatchObject([
    { check: 'object-lock' },
  ]);
});

test('a store that takes conditions and ignores them is found out', async () => {
  const { env, uri } = await start({ ignoresConditions: true });
  const findings = await prepareBucket(uri('vault'), { env });
  expect(obstacles(findings)).toMatchObject([{ check: 'conditional-writes', state: 'missing' }]);
});

test('a setting that would break the store is not made', async () => {
  const { env, uri } = await start({ breaksWhenBlocked: true });
  const findings = await prepareBucket(uri('vault'), { env });
  expect(states(findings)).toMatchObject({
    'conditional-writes': 'ok',
    'public-access': 'unsupported',
    versioning: 'mended',
  });
  expect(obstacles(findings)).toEqual([]);
});

test('a setting that the store does not know is not in the way', async () => {
  const { env, uri } = await start({ unsupported: ['publicAccessBlock', 'encryption'] });
  const findings = await prepareBucket(uri('vault'), { env });
  expect(states(findings)).toMatchObject({ encryption: 'unsupported', 'public-access': 'unsupported' });
  expect(obstacles(findings)).toEqual([]);
});

test('a store that knows no conditional deletions deletes all the same', async () => {
  const { env, uri } = await start({ plainDeletes: true });
  expect(obstacles(await prepareBucket(uri('vault'), { env }))).toEqual([]);
  const storage = await openStorage(uri('vault'), { env });
  await storage.putIfAbsent(storageKey('a'), Buffer.from('1'));
  await storage.delete(storageKey('a'));
  expect(await storage.head(storageKey('a'))).toBeNull();
});

test('what we may not look at is a finding, not an error', async () => {
  const { env, uri } = await start();
  await prepareBucket(uri('vault'), { env });
  server.faults = ({ search }) => (search === 'encryption=' ? { status: 403 } : undefined);
  const findings = await checkBucket(uri('vault'), { env });
  expect(states(findings)).toMatchObject({ encryption: 'unknown', versioning: 'ok' });
});

test('a store that hides what is absent is refused, with what to allow', async () => {
  const { env, uri } = await start({ hidesAbsence: true });
  const hidden = { code: 'STORAGE_DENIED', hint: expect.stringContaining('s3:ListBucket') as unknown };
  await prepareBucket(uri('vault'), { env }).catch(() => undefined);
  const storage = await openStorage(uri('vault'), { env });
  await expect(storage.get(storageKey('absent'))).rejects.toMatchObject(hidden);
  await expect(storage.head(storageKey('absent'))).rejects.toMatchObject(hidden);
});

test('a folder has no settings', async () => {
  await start();
  expect(await prepareBucket('public')).toEqual([]);
});
