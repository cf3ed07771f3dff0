/**
 * Somebody had the online keys and those of roles below, and ran the versions of these to their end. A snapshot never takes a
 * role back to a lower version; but a new root without the snapshot's key makes every client forget the snapshot (5.3.11).
 */
import { expect, test } from 'vitest';
import { join } from 'node:path';
import { noLedger, review, signEvent, type AppliedEvent, type RoleEdit } from '@ragnos/repository';
import { roleName } from '@ragnos/tuf';
import { forge, forgeRoles, last, path, published, type Attacked } from './thief.ts';
import { clientOf, testSigner, text } from './world.ts';

const first = <T>(items: readonly T[] | undefined): T => {
  const [item] = items ?? [];
  if (item === undefined) throw new Error('there is none');
  return item;
};

/** New keys for `roles` alone, in one root that is signed by its holders. */
async function newRoot({ made, folder }: Attacked, roles: readonly string[]): Promise<AppliedEvent> {
  const repository = await made.open({ staging: join(folder, 'staging'), damaged: true });
  const edits = roles.map((role): RoleEdit => {
    const fresh = testSigner();
    made.keys.of(role).push(fresh);
    return { kind: 'keys', role, keys: [fresh.key], threshold: 1 };
  });
  const deadline = new Date(Date.now() + 86_400_000);
  const event = await repository.proposeEvent({ edits, reason: 'stolen', deadline });
  const settings = { ledger: noLedger, now: new Date() };
  const seen = review(event, { root: made.root }, new Date());
  const signed = await signEvent(event, seen, made.keys.of('root'), settings);
  const applied = await repository.applyEvent(signed.event);
  for (const role of roles) made.keys.held.set(role, made.keys.of(role).slice(-1));
  return applied;
}

/** Everybody reads again, whatever he saw; the repository goes on, in the role too. */
async function expectRecovered({ made, folder, host }: Attacked, role: string, at: string): Promise<void> {
  await host();
  const fresh = testSigner();
  const repository = await made.open({ staging: join(folder, 'staging') });
  if (role !== 'targets') {
    made.keys.held.set(role, [fresh]);
    await repository.editRoles([{ kind: 'keys', role, keys: [fresh.key], threshold: 1 }]);
    await host();
  }
  await repository.publish((draft) => draft.add(at, text('goes on')));
  const updater = await host();
  const info = await updater.find(at);
  if (info === null) throw new Error('not found');
  expect(Buffer.from(await updater.read(info, { maxLength: 100 })).toString()).toBe('goes on');
  const client = await clientOf(made);
  expect(await client.read(path)).toBe('{}');
  for (const [name, { version }] of client.set.snapshot?.meta ?? [])
    expect([name, version < 100]).toEqual([name, true]);
}

const stolen = [
  ['vendor.acme', 'vendor.acme', 'vendors/acme/hello/1.0.0.tgz'],
  ['catalog', 'catalog', 'catalog/acme.json'],
  ['policy', 'policy', 'policy/revocations.json'],
  ['attestations', 'attestations-3', 'attestations/abc/1.json'],
] as const;

test.for(stolen)('%s: the last version of %s', async ([role, file, at]) => {
  const attacked = await published();
  const { made, host } = attacked;
  const signer = first(made.keys.of(role));
  await forgeRoles(made, new Map([[file, { signer, version: last }]]));
  await host(); // it cannot tell
  const updater = await host();
  await updater.find(at); // and keeps the role
  await (await made.open()).status();
  expect(await newRoot(attacked, ['timestamp', 'snapshot'])).toMatchObject({
    outcome: 'applied',
    reset: `${file} stands at version ${last}`,
  });
  await expectRecovered(attacked, role, at);
});

test('in several snapshots, one after the other', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  const signer = first(made.keys.of('catalog'));
  for (const version of [last - 2, last - 1, last])
    await forgeRoles(made, new Map([['catalog', { signer, version }]]));
  await host();
  expect(await newRoot(attacked, ['timestamp', 'snapshot'])).toMatchObject({ outcome: 'applied' });
  await expectRecovered(attacked, 'catalog', 'catalog/acme.json');
});

test('targets too, whose keys are replaced by the same root', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  const signer = first(made.keys.of('targets'));
  await forgeRoles(made, new Map([['targets', { signer, version: last }]]));
  await host();
  const applied = await newRoot(attacked, ['timestamp', 'snapshot', 'targets']);
  expect(applied).toMatchObject({ outcome: 'applied', reset: `targets stands at version ${last}` });
  await expectRecovered(attacked, 'targets', 'goes-on');
});

test('all three online keys, and the snapshot run to its end: targets are signed anew as well', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  await host();
  const applied = await newRoot(attacked, ['timestamp', 'snapshot', 'targets']);
  expect(applied).toMatchObject({ outcome: 'applied', reset: `snapshot stands at version ${last}` });
  await expectRecovered(attacked, 'targets', 'goes-on');
});

test('what the thief left on the way is not taken for sound: a role that its own keys did not sign', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  await forgeRoles(made, new Map([['catalog', { signer: testSigner(), version: 5 }]]));
  await forge(made, {
    snapshot: (old) => ({ ...old, version: old.version + 1, meta: new Map(old.meta).set(roleName('policy'), { version: last, length: null, hashes: null, unrecognized: new Map() }) }), // prettier-ignore
    timestamp: (old) => ({ ...old, version: old.version + 1 }),
  });
  await expect(host().then((updater) => updater.find('catalog/x'))).rejects.toThrow(
    'catalog as delegated by targets',
  );
  expect(await newRoot(attacked, ['timestamp', 'snapshot'])).toMatchObject({ outcome: 'applied' });
  await expectRecovered(attacked, 'catalog', 'catalog/acme.json');
});

test('what others published after the thief, beside the role that is worn, stays', async () => {
  const attacked = await published();
  const { made, host, folder } = attacked;
  await forgeRoles(made, new Map([['catalog', { signer: first(made.keys.of('catalog')), version: last }]]));
  await host();
  const repository = await made.open({ staging: join(folder, 'staging') });
  const later = 'vendors/acme/hello/2.tgz';
  await repository.publish((draft) => draft.add(later, text('later')));
  await repository.publish((draft) => draft.add('top', text('top')));
  expect(await newRoot(attacked, ['timestamp', 'snapshot'])).toMatchObject({ outcome: 'applied' });
  await expectRecovered(attacked, 'catalog', 'catalog/acme.json');
  const client = await clientOf(made);
  expect([await client.read(later), await client.read('top')]).toEqual(['later', 'top']);
});
