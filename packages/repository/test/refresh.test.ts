import { expect, test } from 'vitest';
import { clientOf, text, world, type World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;
const later = (made: World, milliseconds: number): void => {
  made.now = new Date(made.now.getTime() + milliseconds);
};

test('nothing is due: nothing is written', async () => {
  const made = await world();
  const result = await (await made.open()).refresh();
  expect(result).toMatchObject({ changed: false, version: 1, pending: [] });
  expect(result.next.getTime() - made.now.getTime()).toBeLessThanOrEqual(12 * hour);
  expect(result.next.getTime() - made.now.getTime()).toBeGreaterThan(11 * hour);
});

test('the timestamp alone, when half its day is gone', async () => {
  const made = await world();
  const repository = await made.open();
  later(made, 13 * hour);
  const result = await repository.refresh();
  expect(Object.fromEntries(result.roles)).toEqual({ timestamp: 2 });
  const { set } = await clientOf(made);
  expect(set.timestamp?.expires.getTime()).toBe(Math.floor(made.now.getTime() / 1000) * 1000 + day);
});

test('each role in the last third of its life', async () => {
  const made = await world();
  const repository = await made.open();
  later(made, 5 * day);
  expect([...(await repository.refresh()).roles.keys()]).toEqual(['snapshot', 'timestamp']);
  later(made, 61 * day);
  const result = await repository.refresh();
  expect([...result.roles.keys()].toSorted()).toEqual(
    ['targets', 'policy', 'catalog', 'vendor.acme', 'attestations', 'snapshot', 'timestamp']
      .concat([...Array(8).keys()].map((i) => `attestations-${i}`))
      .toSorted(),
  );
  later(made, 300 * day);
  await repository.refresh();
  const client = await clientOf(made);
  expect(client.set.root.version).toBe(2);
  await client.readAll();
});

test('a repository that expired long ago is brought back', async () => {
  const made = await world();
  const repository = await made.open();
  await repository.publish((draft) => draft.add('a', text('a')));
  later(made, 1000 * day);
  await expect(clientOf(made)).rejects.toMatchObject({ code: 'EXPIRED' });
  expect((await repository.status()).roles.every(({ next }) => next === 'expired')).toBe(true);
  await repository.refresh();
  expect(await (await clientOf(made)).read('a')).toBe('a');
  expect((await repository.status()).roles.every(({ next }) => next === 'none')).toBe(true);
});

test('what is due and cannot be signed is told, and the rest goes on', async () => {
  const made = await world();
  const repository = await made.open();
  made.keys.held.delete('vendor.acme');
  made.keys.held.delete('root');
  later(made, 300 * day);
  const result = await repository.refresh();
  expect(result.pending).toEqual(['vendor.acme', 'root']);
  expect(result.roles.has('targets')).toBe(true);
  const { roles } = await repository.status();
  expect(roles.find(({ role }) => role === 'vendor.acme')?.next).toBe('expired');
  expect(roles.find(({ role }) => role === 'root')?.next).toBe('refresh');
  expect(result.next > made.now).toBe(true);
});

test('without the timestamp key nothing is written', async () => {
  const made = await world();
  const repository = await made.open();
  made.keys.held.delete('timestamp');
  later(made, 6 * day);
  const result = await repository.refresh();
  expect(result.changed).toBe(false);
  expect(result.pending).toContain('timestamp');
});

test('force re-signs everything; within re-signs what ends soon', async () => {
  const made = await world();
  const repository = await made.open();
  const within = await repository.refresh({ within: 8 * 24 * 3600 });
  expect([...within.roles.keys()]).toEqual(['snapshot', 'timestamp']);
  const forced = await repository.refresh({ force: true });
  expect(forced.roles.size).toBe(5 + 8 + 2);
  expect((await clientOf(made)).set.root.version).toBe(2);
});

test('status tells versions, signers, thresholds and what is next', async () => {
  const made = await world();
  const repository = await made.open();
  await repository.publish((draft) => draft.add('vendors/acme/a/b', text('x')));
  const status = await repository.status();
  expect(status.roles.map(({ role }) => role)).toEqual([
    'root',
    'timestamp',
    'snapshot',
    'targets',
    'policy',
    'catalog',
    'vendor.acme',
    'attestations',
  ]);
  for (const row of status.roles) {
    expect(row.keyIds).toEqual(made.keys.of(row.role).map(({ key }) => key.keyId));
    expect(row.signedBy).toEqual(row.keyIds);
    expect(row.next).toBe('none');
    expect(row.due < row.expires).toBe(true);
  }
  expect(status.roles.find(({ role }) => role === 'vendor.acme')).toMatchObject({
    version: 2,
    targets: 1,
    delegator: 'targets',
  });
  expect(status.earliestExpiry).toEqual(status.roles[1]?.expires);
  expect(status.firstRootFingerprint).toBe(status.rootFingerprint);
  const asked = made.keys.asked.length;
  await repository.status();
  expect(made.keys.asked).toHaveLength(asked); // status opens no key
});
