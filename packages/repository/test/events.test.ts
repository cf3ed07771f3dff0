/** A change travels to its signers and back: THREATS.md, "a second body for a signed version", "past its threshold". */
import { join } from 'node:path';
import {
  eventFolder,
  eventToBytes,
  ledgerIn,
  mergeEvents,
  metadataOf,
  noLedger,
  parseEvent,
  refuseToCancel,
  review,
  signEvent,
  type Proposal,
  type RepositoryLayout,
  type SigningEvent,
} from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import {
  canonicalJson,
  isJsonObject,
  parseJson,
  parseMetadata,
  rootFingerprint,
  signedToBytes,
  type JsonOutput,
} from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import {
  clientOf,
  Keyring,
  layoutOf,
  start,
  tempFolder,
  testSigner,
  text,
  world,
  type World,
} from './world.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const day = 24 * 60 * 60 * 1000;
const deadline = new Date(start.getTime() + 14 * day);

interface Organisation extends World {
  readonly root: Uint8Array;
  readonly people: readonly Signer[];
  readonly publishers: readonly Signer[];
}

/** Root 2 of 3 and targets 2 of 2, none of them at hand; everything else is. */
async function organisation(): Promise<Organisation> {
  const keys = new Keyring();
  const [people, publishers] = [
    [testSigner(), testSigner('ecdsa'), testSigner()],
    [testSigner(), testSigner('ecdsa')],
  ];
  keys.held.set('root', [...people]);
  keys.held.set('targets', [...publishers]);
  const layout: RepositoryLayout = {
    ...layoutOf(keys),
    root: { keys: people.map(({ key }) => key), threshold: 2 },
    targets: { keys: publishers.map(({ key }) => key), threshold: 2 },
  };
  const made = await world({ keys, layout });
  keys.held.delete('root');
  keys.held.delete('targets');
  // Not a copy: `now` of the world is what its repositories see.
  return Object.assign(made, { people, publishers });
}

const propose = async (made: World, proposal: Partial<Proposal>): Promise<SigningEvent> =>
  (await made.open()).proposeEvent({ reason: 'as agreed', deadline, ...proposal });

const addKey = (made: Organisation, added: Signer, threshold = 3): Partial<Proposal> => ({
  edits: [{ kind: 'keys', role: 'root', keys: [...made.people, added].map(({ key }) => key), threshold }],
});

/** As a signer does on a machine that has the event, a root file and a key, and nothing else. */
async function signed(
  made: World,
  event: SigningEvent,
  signers: readonly Signer[],
  now = start,
): Promise<SigningEvent> {
  const arrived = parseEvent(eventToBytes(event), 'event.json');
  const reviewed = review(arrived, { root: made.root }, now);
  return (await signEvent(arrived, reviewed, signers, { ledger: noLedger, now })).event;
}

describe('a root event', () => {
  test('two signers, two machines, two copies, one root', async () => {
    const made = await organisation();
    const added = testSigner();
    const event = await propose(made, addKey(made, added));
    const seen = review(event, { fingerprint: rootFingerprint(made.root) }, start);
    expect(seen).toMatchObject({ complete: false, overdue: false, sameWords: true });
    expect(seen.words).toContain(`  + signer root: ${added.key.keyId}`);
    expect(seen.words).toContain('  ~ threshold root: 2 of 3 → 3 of 4');
    const repository = await made.open();
    await expect(repository.applyEvent(event)).rejects.toEqual(code('SIGNATURES_MISSING'));

    const [one, two] = await Promise.all([
      signed(made, event, made.people.slice(0, 2)),
      signed(made, event, [added]),
    ]);
    expect(review(one, { root: made.root }, start).complete).toBe(false);
    const both = mergeEvents(one, two);
    expect(mergeEvents(two, one)).toEqual(both);
    expect(eventToBytes(mergeEvents(both, one))).toEqual(eventToBytes(both));
    expect(review(both, { root: made.root }, start).complete).toBe(true);
    expect(await repository.applyEvent(both)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
    const { set } = await clientOf(made);
    expect(set.root.roles.get('root')).toMatchObject({ threshold: 3 });
    // Once more: killed before it could say so.
    expect(await repository.applyEvent(both)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
  });

  test('online keys go with it: what is live is signed by both before the root is put', async () => {
    const made = await organisation();
    const fresh = testSigner();
    const edits = [{ kind: 'keys', role: 'timestamp', keys: [fresh.key], threshold: 1 } as const];
    const event = await signed(made, await propose(made, { edits }), made.people);
    const repository = await made.open();
    await expect(repository.applyEvent(event)).rejects.toEqual(code('SIGNATURES_MISSING'));
    expect((await clientOf(made)).set.root.version).toBe(1);
    made.keys.of('timestamp').push(fresh);
    expect(await repository.applyEvent(event)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
    expect((await clientOf(made)).set.root.version).toBe(2);
  });

  test('new keys of targets sign the live targets in the same event, beside the old ones', async () => {
    const made = await organisation();
    const fresh = [testSigner(), testSigner()];
    const edits = [
      { kind: 'keys', role: 'targets', keys: fresh.map(({ key }) => key), threshold: 2 } as const,
    ];
    const event = await propose(made, { edits });
    expect(event.roles.map(({ name }) => name)).toEqual(['targets', 'root']);
    const some = await signed(made, event, [...made.people, ...fresh]);
    const half = review(some, { root: made.root }, start);
    expect(half.roles.map(({ complete }) => complete)).toEqual([false, true]);
    const all = await signed(made, some, made.publishers);
    expect(await (await made.open()).applyEvent(all)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
    expect((await clientOf(made)).set.targets?.version).toBe(2);
  });

  test('killed between the roles and the root: the same call completes it, and nothing is opened anew', async () => {
    const made = await organisation();
    const fresh = [testSigner(), testSigner()];
    const keys = fresh.map(({ key }) => key);
    const edits = [{ kind: 'keys', role: 'targets', keys, threshold: 2 } as const];
    const event = await signed(made, await propose(made, { edits }), [
      ...made.people,
      ...made.publishers,
      ...fresh,
    ]);
    let killed = false;
    const storage: typeof made.storage = {
      ...made.storage,
      putIfAbsent: (key, ...rest) => {
        if (key !== 'metadata/2.root.json' || killed) return made.storage.putIfAbsent(key, ...rest);
        killed = true;
        return Promise.reject(new Error('the power went'));
      },
    };
    const repository = await made.open({ storage });
    await expect(repository.applyEvent(event)).rejects.toThrow('the power went');
    const between = await clientOf(made);
    expect([between.set.root.version, between.set.targets?.version]).toEqual([1, 2]);
    expect(await (await made.open()).applyEvent(event)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
    expect((await clientOf(made)).set.targets?.version).toBe(2);
  });

  test('past its threshold it cannot be cancelled, before it can', async () => {
    const made = await organisation();
    const event = await propose(made, addKey(made, testSigner(), 2));
    const some = await signed(made, event, made.people.slice(0, 1));
    refuseToCancel(some, review(some, { root: made.root }, start));
    const all = await signed(made, some, made.people);
    expect(() => refuseToCancel(all, review(all, { root: made.root }, start))).toThrow(
      expect.objectContaining({ code: 'PAST_THRESHOLD' }),
    );
  });

  test('another root came first: it reopens on that one, without signatures, and says so', async () => {
    const made = await organisation();
    const repository = await made.open();
    const [first, second] = [testSigner(), testSigner()];
    const slow = await signed(made, await propose(made, addKey(made, first, 2)), made.people);
    const edits = [{ kind: 'keys', role: 'timestamp', keys: [second.key], threshold: 1 } as const];
    made.keys.of('timestamp').push(second);
    const fast = await signed(made, await propose(made, { edits }), made.people);
    await repository.applyEvent(fast);
    const result = await repository.applyEvent(slow);
    if (result.outcome !== 'reopened') throw new Error(result.outcome);
    expect(result.event).toMatchObject({ id: slow.id, round: 2, reason: 'as agreed' });
    expect(result.event.roles.flatMap(({ signatures }) => signatures)).toEqual([]);
    expect(() => mergeEvents(result.event, slow)).toThrow(expect.objectContaining({ code: 'EVENT_DIFFERS' }));
    const again = await signed(made, result.event, made.people);
    expect(await repository.applyEvent(again)).toMatchObject({ outcome: 'applied', rootVersion: 3 });
    const { root } = (await clientOf(made)).set;
    expect(root.roles.get('root')?.keyIds).toContain(first.key.keyId);
    expect(root.roles.get('timestamp')?.keyIds).toEqual([second.key.keyId]);
  });

  test('a key that was removed meanwhile does not come back with it', async () => {
    const made = await organisation();
    const repository = await made.open();
    const added = testSigner();
    const slow = await signed(made, await propose(made, addKey(made, added, 2)), made.people);
    const [first, second] = made.people.map(({ key }) => key);
    if (first === undefined || second === undefined) throw new Error('nobody');
    const edits = [{ kind: 'keys', role: 'root', keys: [first, second], threshold: 2 } as const];
    await repository.applyEvent(await signed(made, await propose(made, { edits }), made.people.slice(0, 2)));
    const result = await repository.applyEvent(slow);
    if (result.outcome !== 'reopened') throw new Error(result.outcome);
    const after = review(result.event, { root: made.root }, start).roles[0]?.after;
    expect(after?.type === 'root' ? after.roles.get('root')?.keyIds : []).toEqual([
      first.keyId,
      second.keyId,
      added.key.keyId,
    ]);
  });

  test('a root that the repository has already changed so is superseded, not signed twice', async () => {
    const made = await organisation();
    const repository = await made.open();
    const added = testSigner();
    const [one, two] = [
      await propose(made, addKey(made, added, 2)),
      await propose(made, addKey(made, added, 2)),
    ];
    made.now = new Date(start.getTime() + 5000);
    await repository.applyEvent(await signed(made, one, made.people));
    const other = { ...two, roles: two.roles.map((role) => ({ ...role, signed: later(role.signed) })) };
    const result = await repository.applyEvent(await signed(made, other, made.people));
    expect(result.outcome).toBe('superseded');
    expect((await clientOf(made)).set.root.version).toBe(2);
  });
});

/** The same root, but for a later expiry. */
function later(bytes: Uint8Array): Uint8Array {
  const { signed } = parseMetadata(metadataOf({ signed: bytes, signatures: [] }), 'root');
  return signedToBytes({ ...signed, expires: new Date(signed.expires.getTime() + 60_000) });
}

describe('an event of targets', () => {
  const path = 'tools/hammer';
  const add: Partial<Proposal> = { change: (draft) => draft.add(path, text('hammer')) };

  test('content is signed by both, published as it is, and installed', async () => {
    const made = await organisation();
    const event = await propose(made, add);
    expect(event.words[1]).toMatch(/^ {2}\+ target tools\/hammer: 6 bytes, sha256:[0-9a-f]{64}$/);
    const half = await signed(made, event, made.publishers.slice(0, 1));
    const repository = await made.open();
    await expect(repository.applyEvent(half)).rejects.toEqual(code('SIGNATURES_MISSING'));
    const all = await signed(made, half, made.publishers.slice(1));
    expect(await repository.applyEvent(all)).toMatchObject({ outcome: 'applied', rootVersion: null });
    const client = await clientOf(made);
    expect(await client.read(path)).toBe('hammer');
    const bytes = await client.need('metadata/2.targets.json');
    expect(parseMetadata(bytes, 'targets').signedBytes).toEqual(event.roles[0]?.signed);
  });

  test('whose version somebody else took: it reopens, keeps both changes, and the first signatures are gone', async () => {
    const made = await organisation();
    const repository = await made.open();
    const slow = await signed(made, await propose(made, add), made.publishers);
    const other: Partial<Proposal> = { change: (draft) => draft.add('tools/saw', text('saw')) };
    await repository.applyEvent(await signed(made, await propose(made, other), made.publishers));
    const result = await repository.applyEvent(slow);
    if (result.outcome !== 'reopened') throw new Error(result.outcome);
    expect(result.why).toContain('version 2');
    expect(
      review(result.event, { root: made.root }, start).roles[0]?.differences.map(({ of }) => of),
    ).toContain(path);
    await repository.applyEvent(await signed(made, result.event, made.publishers));
    const client = await clientOf(made);
    expect([await client.read(path), await client.read('tools/saw')]).toEqual(['hammer', 'saw']);
  });

  test('keys of a delegated role whose owner is at hand: only the delegator waits, the role is signed when it is applied', async () => {
    const made = await organisation();
    const fresh = testSigner();
    const edits = [{ kind: 'keys', role: 'vendor.acme', keys: [fresh.key], threshold: 1 } as const];
    made.keys.of('vendor.acme').push(fresh);
    const event = await propose(made, { edits });
    expect(event.roles.map(({ name }) => name)).toEqual(['targets']);
    const repository = await made.open();
    await repository.publish((draft) => draft.add('vendors/acme/x/y', text('meanwhile')));
    await repository.applyEvent(await signed(made, event, made.publishers));
    const { roles } = await repository.status();
    expect(roles.find(({ role }) => role === 'vendor.acme')?.signedBy).toEqual([fresh.key.keyId]);
    expect(await (await clientOf(made)).read('vendors/acme/x/y')).toBe('meanwhile');
  });

  test('signing anew before it expires', async () => {
    const made = await organisation();
    made.now = new Date(start.getTime() + 60 * day);
    const repository = await made.open();
    await repository.refresh({ force: true });
    const event = await propose(made, {
      resign: ['targets'],
      deadline: new Date(start.getTime() + 70 * day),
    });
    expect(event.words).toEqual([
      'targets version 1 → 2',
      '  ~ expires: 2030-04-01T00:00:00Z → 2030-05-31T00:00:00Z',
    ]);
    await repository.applyEvent(await signed(made, event, made.publishers, made.now));
    expect((await clientOf(made)).set.targets?.version).toBe(2);
  });

  test('nothing to sign is no event', async () => {
    const made = await organisation();
    await expect(propose(made, {})).rejects.toEqual(code('NOTHING_TO_SIGN'));
    const change: Proposal['change'] = (draft) =>
      draft.add('vendors/acme/a/b', text('the vendor is at hand'));
    await expect(propose(made, { change })).rejects.toEqual(code('NOTHING_TO_SIGN'));
  });
});

describe('a signer’s tool', () => {
  const altered = (event: SigningEvent, change: Readonly<Record<string, JsonOutput>>): Uint8Array => {
    const json = parseJson(eventToBytes(event), 'event');
    return canonicalJson({ ...(isJsonObject(json) ? json : {}), ...change });
  };

  test('believes its own root, not the event', async () => {
    const [made, other] = [await organisation(), await organisation()];
    const event = await propose(made, addKey(made, testSigner()));
    for (const trust of [{ root: other.root }, { fingerprint: '00'.repeat(32) }])
      expect(() => review(event, trust, start)).toThrow(expect.objectContaining({ code: 'EVENT_UNTRUSTED' }));
    // The forger brings a root of his own as "the newest", or leaves out the newest.
    const foreign = { ...event, roots: [...event.roots, other.root] };
    expect(() => review(foreign, { root: made.root }, start)).toThrow(
      expect.objectContaining({ code: 'EVENT_UNTRUSTED' }),
    );
    const repository = await made.open();
    await repository.applyEvent(await signed(made, event, made.people));
    const newer = await propose(made, { resign: ['root'] });
    const second = await signed(made, newer, made.people);
    await repository.applyEvent(second);
    const [newest] = (await propose(made, { resign: ['root'] })).roots.slice(-1);
    if (newest === undefined) throw new Error('no root');
    expect(() => review(event, { root: newest }, start)).toThrow(/it is an old one/);
  });

  test('derives the difference itself: words that say something else are noticed', async () => {
    const made = await organisation();
    const event = await propose(made, addKey(made, testSigner()));
    const lying = parseEvent(altered(event, { words: ['root version 1 → 2', '  ~ expires'] }), 'event');
    expect(review(lying, { root: made.root }, start)).toMatchObject({ sameWords: false });
  });

  const malformed: Readonly<Record<string, (event: SigningEvent) => Uint8Array>> = {
    'no JSON': () => text('hello'),
    'another format': (event) => altered(event, { format: 'ragnos-signing-event/2' }),
    'an unknown member': (event) => altered(event, { note: 'x' }),
    'white space': (event) => text(` ${Buffer.from(eventToBytes(event)).toString()}`),
    'an id that leads out of its folder': (event) => altered(event, { id: '../x' }),
    'a round that is no number': (event) => altered(event, { round: '1' }),
    'a control character': (event) => altered(event, { reason: 'a\nb' }),
    'cut short': (event) => eventToBytes(event).subarray(0, -10),
  };
  test.for(Object.entries(malformed))('refuses a damaged file: %s', async ([, make]) => {
    const event = await propose(await organisation(), { resign: ['root'] });
    expect(() => parseEvent(make(event), 'event')).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED' }),
    );
  });

  test('refuses bytes that read in more ways than one', async () => {
    const made = await organisation();
    const event = await propose(made, { resign: ['root'] });
    const spaced = {
      ...event,
      roles: event.roles.map((role) => ({
        ...role,
        signed: text(` ${Buffer.from(role.signed).toString()}`),
      })),
    };
    expect(() => review(spaced, { root: made.root }, start)).toThrow(
      expect.objectContaining({ code: 'EVENT_MALFORMED' }),
    );
  });

  test('never signs after the deadline, nor with a key that does not count', async () => {
    const made = await organisation();
    const event = await propose(made, { resign: ['root'] });
    const late = new Date(deadline.getTime() + 1);
    await expect(signed(made, event, made.people, late)).rejects.toEqual(code('EVENT_OVERDUE'));
    await expect(signed(made, event, [testSigner()])).rejects.toEqual(code('NOT_A_SIGNER'));
  });

  test('flags a second content under a version that the key signed before', async () => {
    const made = await organisation();
    const ledger = ledgerIn(join(await tempFolder(), 'signatures'));
    const [one, two] = [
      await propose(made, { resign: ['root'] }),
      await propose(made, addKey(made, testSigner())),
    ];
    const [alice] = made.people;
    if (alice === undefined) throw new Error('nobody');
    const sign = async (event: SigningEvent, again = false) =>
      signEvent(event, review(event, { root: made.root }, start), [alice], { ledger, now: start, again });
    await sign(one);
    await sign(one);
    await expect(sign(two)).rejects.toEqual(code('SECOND_BODY'));
    expect((await sign(two, true)).signed).toHaveLength(1);
    await expect(sign(one)).rejects.toEqual(code('SECOND_BODY'));
  });

  test('throws out what does not verify, and counts one key once', async () => {
    const made = await organisation();
    const event = await signed(made, await propose(made, { resign: ['root'] }), made.people.slice(0, 1));
    const [role] = event.roles;
    const [good] = role?.signatures ?? [];
    if (role === undefined || good === undefined) throw new Error('not signed');
    const junk = { keyId: made.people[1]?.key.keyId ?? good.keyId, sig: good.sig };
    const spoilt = { ...event, roles: [{ ...role, signatures: [good, junk] }] };
    const seen = review(spoilt, { root: made.root }, start);
    expect(seen.roles[0]).toMatchObject({ complete: false, strangers: [junk.keyId] });
    const all = await signed(made, spoilt, made.people);
    expect(all.roles[0]?.signatures).toHaveLength(3);
    expect(review(all, { root: made.root }, start).complete).toBe(true);
  });
});

describe('the folder', () => {
  test('one open event for a role; closed ones stay closed', async () => {
    const made = await organisation();
    const folder = eventFolder(await tempFolder());
    const one = await propose(made, { resign: ['root'] });
    const two = await propose(made, { resign: ['root'] });
    const { file } = await folder.create(one);
    expect(file.endsWith(join('events', one.id, 'event.json'))).toBe(true);
    await expect(folder.create(two)).rejects.toEqual(code('EVENT_EXISTS'));
    await folder.create(await propose(made, { resign: ['targets'] }));
    await expect(folder.load('nope')).rejects.toEqual(code('NO_SUCH_EVENT'));
    await folder.update(one.id, (event) => Promise.resolve({ event, state: 'cancelled' }));
    await expect(folder.update(one.id, (event) => Promise.resolve({ event, state: 'open' }))).rejects.toEqual(
      code('EVENT_CLOSED'),
    );
    await folder.create(two);
    expect((await folder.list()).map(({ state }) => state).toSorted()).toEqual(['cancelled', 'open', 'open']);
  });

  test('copies that come back at the same time are all merged', async () => {
    const made = await organisation();
    const folder = eventFolder(await tempFolder());
    const event = await propose(made, { resign: ['root'] });
    await folder.create(event);
    const copies = await Promise.all(made.people.map((one) => signed(made, event, [one])));
    await Promise.all(
      copies.map((copy) =>
        folder.update(event.id, (kept) => Promise.resolve({ event: mergeEvents(kept, copy), state: 'open' })),
      ),
    );
    expect((await folder.load(event.id)).event.roles[0]?.signatures).toHaveLength(3);
  });
});
