// Twins of the suite's test_expiration.py, each under its name.
import { expect, test } from 'vitest';

import { inDays } from './model.ts';
import { initialised } from './twin.ts';

const days = (count: number): Date => new Date(Date.now() + count * 86_400_000);

test('test_root_expired', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  twin.repo.publish('root');
  expect(await twin.refresh()).toBe(0);
  twin.repo.root.expires = inDays(-1);
  twin.repo.publish('root', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['EXPIRED']);
  expect(await twin.trusted()).toEqual(['root 3', 'snapshot 1', 'targets 1', 'timestamp 1']);
});

test('test_timestamp_expired', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  twin.repo.timestamp.expires = inDays(-5);
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['EXPIRED']);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 1', 'targets 1', 'timestamp 1']);
});

test('test_snapshot_expired', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  twin.repo.snapshot.expires = inDays(-5);
  twin.repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['EXPIRED']);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 1', 'targets 1', 'timestamp 2']);
});

test('test_targets_expired', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  twin.repo.targets.expires = inDays(-5);
  twin.repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['EXPIRED']);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 1', 'timestamp 2']);
});

test('test_expired_local_root', async () => {
  const twin = await initialised();
  twin.repo.root.expires = inDays(7);
  twin.repo.publish('root');
  expect(await twin.refresh()).toBe(0);
  twin.repo.root.expires = inDays(21);
  twin.repo.publish('root');
  expect(await twin.refresh(days(18))).toBe(0);
  expect(await twin.version('root')).toBe(3);
});

test('test_expired_local_timestamp', async () => {
  const twin = await initialised();
  twin.repo.timestamp.expires = inDays(7);
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(0);
  twin.repo.timestamp.expires = inDays(21);
  twin.repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.refresh(days(18))).toBe(0);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 3']);
});
