/**
 * A targets role that was signed elsewhere, with the keys of the root in force alone, is handed in while new ones are announced
 * (ADR 10). Taken, it would be what every client refuses from the moment at which the new root is put.
 */
import { expect, test } from 'vitest';
import { noLedger, review, signEvent, watchWrites, type SigningEvent } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import type { Storage } from '@ragnos/storage';
import { metadataToBytes } from '@ragnos/tuf';
import { clientOf, testSigner, text, world, type World } from './world.ts';

/** Made, and signed by `by`, on the head as it is at this moment. */
async function signed(made: World, by: readonly Signer[]): Promise<SigningEvent> {
  const away = await made.open({
    signers: (role) => (role === 'targets' ? Promise.resolve([]) : made.keys.source(role, [])),
  });
  const event = await away.proposeEvent({
    change: (draft) => draft.add('top', text('from far away')),
    reason: 'a file',
    deadline: new Date(made.now.getTime() + 86_400_000),
  });
  const settings = { ledger: noLedger, now: made.now };
  return (await signEvent(event, review(event, { root: made.root }, made.now), by, settings)).event;
}

const outcomeOf = (applied: Promise<{ readonly outcome: string }>): Promise<unknown> =>
  applied.then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

interface Begun {
  readonly made: World;
  readonly old: Signer;
  readonly fresh: Signer;
}

async function begin(): Promise<Begun> {
  const made = await world();
  const [old] = made.keys.of('targets');
  if (old === undefined) throw new Error('no key');
  return { made, old, fresh: testSigner() };
}

const moments = ['after the announcement', 'right before the root'] as const;

test.for(moments)('signed by the old key alone, and handed in %s', async (moment) => {
  const { made, old, fresh } = await begin();
  const other = await made.open();
  const outcomes: unknown[] = [];
  const handIn = async (): Promise<void> => {
    if (outcomes.length === 0) outcomes.push(await outcomeOf(other.applyEvent(await signed(made, [old]))));
    await clientOf(made);
  };
  const watched = watchWrites(made.storage, ({ key }) => {
    if (moment === 'after the announcement' && key === 'metadata/timestamp.json') return handIn();
    return undefined;
  });
  const storage: Storage = {
    ...watched,
    async putIfAbsent(key, ...rest) {
      if (moment === 'right before the root' && key === 'metadata/2.root.json') await handIn();
      return watched.putIfAbsent(key, ...rest);
    },
  };
  await (await made.open({ storage })).rotateKey('targets', fresh, old);
  expect(outcomes).toEqual(['SIGNATURES_MISSING']);
  const client = await clientOf(made);
  expect(client.set.root.version).toBe(2);
  expect(await client.read('top')).toBeNull();
});

/** A rotation that stopped after its announcement. */
async function announced(): Promise<Begun> {
  const begun = await begin();
  const { made, old, fresh } = begun;
  const stop = new AbortController();
  const storage = watchWrites(made.storage, ({ key }) => {
    if (key === 'metadata/timestamp.json') stop.abort(new Error('stopped'));
  });
  const rotating = await made.open({ storage });
  await rotating.rotateKey('targets', fresh, old, { signal: stop.signal }).catch(() => undefined);
  expect((await clientOf(made)).set.root.version).toBe(1);
  return begun;
}

test('signed by both it is taken in the middle of a rotation, which then goes on', async () => {
  const { made, old, fresh } = await announced();
  const [role] = (await signed(made, [old])).roles;
  if (role === undefined) throw new Error('an event of nothing');
  const { sig } = await fresh.sign(role.signed);
  const signatures = [...role.signatures, { keyId: fresh.key.keyId, sig }];
  const bytes = metadataToBytes(role.signed, signatures);
  await (await made.open()).publish(async (draft) => void (await draft.bring('targets', bytes)));
  await (await made.open()).rotateKey('targets', fresh, old);
  const client = await clientOf(made);
  expect(client.set.root.version).toBe(2);
  expect(await client.read('top')).toBe('from far away');
});

test('after ten minutes a rotation that nobody ended is not in its way', async () => {
  const { made, old } = await announced();
  const other = await made.open();
  const event = await signed(made, [old]);
  expect(await outcomeOf(other.applyEvent(event))).toBe('SIGNATURES_MISSING');
  made.now = new Date(made.now.getTime() + 10 * 60_000);
  expect(await outcomeOf(other.applyEvent(event))).toBe('applied');
  expect(await (await clientOf(made)).read('top')).toBe('from far away');
});
