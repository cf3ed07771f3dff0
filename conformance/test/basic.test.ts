// Twins of the suite's test_basic.py, each under its name.
import { expect, test } from 'vitest';

import { addMembers, inDays, member } from './model.ts';
import { fileOf, signatureOf } from './repository.ts';
import { newSigner } from './signer.ts';
import { initialised, newTwin } from './twin.ts';

const firstRefresh = ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'];
const days = (count: number): Date => new Date(Date.now() + count * 86_400_000);

test('test_basic_refresh_requests', async () => {
  const twin = await initialised();
  expect(twin.repo.metadataAsked).toEqual([]);
  expect(await twin.refresh()).toBe(0);
  expect(twin.repo.metadataAsked).toEqual(firstRefresh);
});

test('test_basic_refresh_trusted_data', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 1', 'targets 1', 'timestamp 1']);
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'])
    expect(await twin.file(role)).toEqual(Buffer.from(twin.repo.latest(role)));
});

test('test_implicit_refresh', async () => {
  const twin = await initialised();
  expect(await twin.download('nonexistent artifact')).toBe(1);
  expect(twin.refused()).toEqual(['none']);
  expect(twin.repo.metadataAsked).toEqual(firstRefresh);
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'])
    expect(await twin.file(role)).toEqual(Buffer.from(twin.repo.latest(role)));
});

test('test_invalid_initial_root', async () => {
  const twin = await newTwin();
  const { version: _absent, ...rest } = twin.repo.root;
  expect(await twin.init(fileOf(rest, twin.repo.sign('root')))).toBe(1);
  expect(await twin.refresh()).toBe(1);
  expect(twin.repo.metadataAsked).toEqual([]);
});

test('test_unsigned_initial_root', async () => {
  const twin = await newTwin();
  const wrong = newSigner().sign(twin.repo.latest('root'));
  const signatures = twin.repo.sign('root').map(({ keyId }) => signatureOf(keyId, wrong));
  expect(await twin.init(fileOf(twin.repo.root, signatures))).toBe(1);
  expect(await twin.refresh()).toBe(1);
  expect(twin.repo.metadataAsked).toEqual([]);
});

const unsigned: Readonly<Record<string, readonly string[]>> = {
  root: ['root 1'],
  timestamp: ['root 2'],
  snapshot: ['root 2', 'timestamp 2'],
  targets: ['root 2', 'snapshot 2', 'timestamp 2'],
};
for (const [role, trusted] of Object.entries(unsigned))
  test(`test_unsigned_metadata[${role}]`, async () => {
    const twin = await initialised();
    twin.repo.signers.set(role, []);
    twin.repo.publish('root', 'targets', 'snapshot', 'timestamp');
    expect(await twin.refresh()).toBe(1);
    expect(twin.refused()).toEqual(['UNSIGNED']);
    expect(await twin.trusted()).toEqual(trusted);
  });

const mismatched: Readonly<Record<string, readonly string[]>> = {
  root: ['root 1'],
  snapshot: ['root 2', 'timestamp 2'],
  targets: ['root 2', 'snapshot 2', 'timestamp 2'],
};
for (const [role, trusted] of Object.entries(mismatched))
  test(`test_url_and_metadata_version_mismatch[${role}]`, async () => {
    const twin = await initialised();
    const { repo } = twin;
    repo.signed(role).version++; // says 3, stands under 2 and is announced as 2
    for (const published of ['root', 'targets', 'snapshot', 'timestamp']) {
      repo.publish(published);
      const announced = published === 'snapshot' ? repo.timestamp : repo.snapshot;
      if (published === role) announced.meta.set(`${role}.json`, { version: 2 });
    }
    expect(await twin.refresh()).toBe(1);
    expect(twin.refused()).toEqual(['BAD_VERSION']);
    expect(await twin.trusted()).toEqual(trusted);
  });

test('test_timestamp_content_changes', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  const before = Buffer.from(twin.repo.latest('timestamp'));
  member(twin.repo.timestamp.meta, 'snapshot.json').version = 100;
  twin.repo.restart('timestamp');
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(twin.repo.metadataAsked.at(-1)).toBe('timestamp.json');
  expect(await twin.file('timestamp')).toEqual(before);
});

test('test_basic_metadata_hash_support', async () => {
  const twin = await initialised();
  twin.repo.hashes = true;
  twin.repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 2']);
});

test('test_targets_hash_mismatch', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.hashes = true;
  repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  repo.publish('targets');
  member(repo.snapshot.meta, 'targets.json').hashes = new Map([['sha256', '0'.repeat(64)]]);
  repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['LENGTH_OR_HASH_MISMATCH']);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 3', 'targets 2', 'timestamp 3']);
});

test('test_snapshot_hash_mismatch', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.hashes = true;
  repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  repo.publish('snapshot');
  member(repo.timestamp.meta, 'snapshot.json').hashes = new Map([['sha256', '0'.repeat(64)]]);
  repo.publish('timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['LENGTH_OR_HASH_MISMATCH']);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 1', 'timestamp 3']);
});

test('test_metadata_bytes_match', async () => {
  const twin = await initialised();
  const unusual = Buffer.concat([twin.repo.latest('timestamp'), Buffer.from(' ')]);
  twin.repo.replaceLatest('timestamp', unusual);
  expect(await twin.refresh()).toBe(0);
  expect(await twin.file('timestamp')).toEqual(unusual);
});

test('test_custom_fields', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  const { repo } = twin;
  addMembers(repo.root, { 'custom-field': 'value' });
  repo.addKey('root', newSigner('ecdsa-sha2-nistp256', { 'extra-field': { a: 1, b: 2 } }));
  addMembers(repo.topLevelRole('root'), { 'another-field': 'value' });
  repo.publish('root');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('root')).toBe(2);
});

test('test_deprecated_keyid_hash_algorithms', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.clearKeys('snapshot');
  repo.addKey('snapshot', newSigner('ecdsa-sha2-nistp256', { keyid_hash_algorithms: 'md5' }));
  repo.publish('root', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.trusted()).toEqual(['root 2', 'snapshot 2', 'targets 1', 'timestamp 2']);
});

test('test_snapshot_404', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  member(twin.repo.timestamp.meta, 'snapshot.json').version++;
  twin.repo.publish('timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['NOT_FOUND_REMOTE']);
  expect(twin.repo.metadataAsked.at(-1)).toBe('2.snapshot.json');
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 1', 'targets 1', 'timestamp 2']);
});

test('test_targets_404', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  member(twin.repo.snapshot.meta, 'targets.json').version++;
  twin.repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['NOT_FOUND_REMOTE']);
  expect(twin.repo.metadataAsked.at(-1)).toBe('2.targets.json');
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 1', 'timestamp 2']);
});

test('test_timestamp_404', async () => {
  const twin = await initialised();
  expect(await twin.refresh()).toBe(0);
  twin.repo.published.delete('timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['NOT_FOUND_REMOTE']);
  expect(twin.repo.metadataAsked.at(-1)).toBe('timestamp.json');
});

test('test_incorrect_metadata_type', async () => {
  const twin = await initialised();
  const { repo } = twin;
  const [timestampSigner] = member(repo.signers, 'timestamp');
  repo.addKey('snapshot', timestampSigner);
  repo.snapshot.meta.clear();
  repo.snapshot.meta.set('snapshot.json', { version: 1 }); // a timestamp in all but its type
  repo.publish('root', 'snapshot');
  const timestamps = member(repo.published, 'timestamp');
  repo.published.set('timestamp', [...timestamps, repo.latest('snapshot')]);
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['MALFORMED']);
  expect(await twin.trusted()).toEqual(['root 2']);
});

test('test_faketime', async () => {
  const twin = await initialised();
  twin.repo.root.expires = inDays(7);
  twin.repo.publish('root');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.refresh(days(8))).toBe(1);
  expect(twin.refused()).toEqual(['EXPIRED']);
});
