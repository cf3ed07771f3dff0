// Twins of the suite's test_rollback.py, each under its name.
import { expect, test } from 'vitest';

import { initialised } from './twin.ts';

const choices: Readonly<Record<string, boolean>> = { basic: false, 'with hashes': true };

test('test_new_timestamp_version_rollback', async () => {
  const twin = await initialised();
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('timestamp')).toBe(2);
  twin.repo.restart('timestamp');
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['BAD_VERSION']);
  expect(await twin.version('timestamp')).toBe(2);
  expect(twin.repo.metadataAsked.at(-1)).toBe('timestamp.json');
});

for (const [name, hashes] of Object.entries(choices))
  test(`test_snapshot_rollback[${name}]`, async () => {
    const twin = await initialised();
    twin.repo.hashes = hashes;
    twin.repo.publish('snapshot', 'timestamp');
    expect(await twin.refresh()).toBe(0);
    twin.repo.restart('snapshot');
    twin.repo.publish('snapshot', 'timestamp');
    expect(await twin.refresh()).toBe(1);
    expect(twin.refused()).toEqual(['BAD_VERSION']);
    expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 1', 'timestamp 2']);
    expect(twin.repo.metadataAsked.at(-1)).toBe('timestamp.json');
  });

test('test_targets_role_removal', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.delegate('targets', 'delegated', { paths: ['delegatedpath/*'] });
  repo.publish('delegated', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  repo.snapshot.meta.delete('delegated.json');
  repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['BAD_VERSION']);
  expect(await twin.version('snapshot')).toBe(2);
});

test('test_targets_fast_forward_recovery', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.delegate('targets', 'delegated', { paths: ['delegatedpath/*'] });
  repo.publish('delegated');
  for (let i = 0; i < 99; i++) repo.publish('targets');
  repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('targets')).toBe(100);
  repo.rotateKeys('snapshot');
  repo.restart('targets');
  repo.snapshot.meta.delete('delegated.json');
  repo.publish('root', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('targets')).toBe(1);
});

test('test_new_snapshot_fast_forward_recovery', async () => {
  const twin = await initialised();
  const { repo } = twin;
  for (let i = 0; i < 99; i++) repo.publish('snapshot');
  repo.publish('timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('snapshot')).toBe(100);
  repo.rotateKeys('snapshot');
  repo.rotateKeys('timestamp');
  repo.restart('snapshot');
  repo.publish('root', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('snapshot')).toBe(1);
});

test('test_new_timestamp_fast_forward_recovery', async () => {
  const twin = await initialised();
  const { repo } = twin;
  for (let i = 0; i < 99; i++) repo.publish('timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('timestamp')).toBe(100);
  repo.rotateKeys('timestamp');
  repo.restart('timestamp');
  repo.publish('root', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('timestamp')).toBe(1);
});

for (const [name, hashes] of Object.entries(choices))
  test(`test_targets_rollback[${name}]`, async () => {
    const twin = await initialised();
    twin.repo.hashes = hashes;
    twin.repo.publish('targets', 'snapshot', 'timestamp');
    expect(await twin.refresh()).toBe(0);
    twin.repo.restart('targets');
    twin.repo.publish('targets', 'snapshot', 'timestamp');
    expect(await twin.refresh()).toBe(1);
    expect(twin.refused()).toEqual(['BAD_VERSION']);
    expect(await twin.version('snapshot')).toBe(2);
    expect(await twin.version('targets')).toBe(2);
  });
