/** A vendor whose role is split hands it over by itself, bins and all: in one commit, or not at all. */
import type { Signer } from '@ragnos/signing';
import { memoryStorage, type Storage } from '@ragnos/storage';
import { metadataToBytes, roleName, signedToBytes, type Delegations, type Targets } from '@ragnos/tuf';
import { noLedger, rekeyedSplit, signEvent, type Draft } from '@ragnos/repository';
import { describe, expect, test } from 'vitest';
import {
  clientOf,
  Keyring,
  layoutOf,
  start,
  TestClient,
  testSigner,
  text,
  world,
  type World,
} from './world.ts';

const day = 24 * 60 * 60 * 1000;
const own = roleName('vendor.acme');
const path = (number: number): string => `vendors/acme/p${number}/file`;
const count = 12;

interface Vendor {
  readonly world: World;
  readonly before: readonly Signer[];
  readonly after: readonly Signer[];
  readonly layout: { readonly keys: readonly Signer['key'][]; readonly threshold: number };
}

type Style = 'succinct' | 'prefixes';

/** Split into four bins, two of two keys; the keys before and after are the vendor's, and nowhere at the door. */
async function vendor(style: Style = 'succinct', storage?: Storage): Promise<Vendor> {
  const keys = new Keyring();
  const before = [testSigner(), testSigner()];
  keys.held.set('vendor.acme', before);
  const layout = layoutOf(keys);
  const delegations = (layout.delegations ?? []).map((one) =>
    one.name === 'vendor.acme' ? { ...one, keys: before.map(({ key }) => key), threshold: 2 } : one,
  );
  const made = await world({
    keys,
    layout: { ...layout, delegations },
    ...(storage === undefined ? {} : { storage }),
  });
  const repository = await made.open();
  await repository.publish(async (draft) => {
    for (let number = 0; number < count; number++) await draft.add(path(number), text(`content ${number}`));
  });
  await repository.editRoles([{ kind: 'split', role: 'vendor.acme', bins: { bitLength: 2, style } }]);
  keys.held.delete('vendor.acme');
  const after = [before[1] ?? testSigner(), testSigner(), testSigner()];
  return { world: made, before, after, layout: { keys: after.map(({ key }) => key), threshold: 2 } };
}

/** The vendor's roles as a client sees them. */
async function rolesNow({ world: made }: Vendor): Promise<ReadonlyMap<string, Targets>> {
  const client = await clientOf(made);
  await client.readAll();
  const found = new Map<string, Targets>();
  for (const name of client.set.snapshot?.meta.keys() ?? []) {
    const role = name === own ? client.set.role(name, roleName('targets')) : client.set.role(name, own);
    if (role !== null && name.startsWith(own)) found.set(name, role);
  }
  return found;
}

async function signed(role: Targets, signers: readonly Signer[]): Promise<Uint8Array> {
  const message = signedToBytes(role);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyId: signer.key.keyId, sig: (await signer.sign(message)).sig })),
  );
  return metadataToBytes(message, signatures);
}

interface Signing {
  readonly signers?: readonly Signer[];
  readonly change?: (name: string, role: Targets) => Targets;
  readonly delegations?: (before: Delegations | null) => Delegations | null;
}

/** What `ragv vendor handover` writes: every role one version on, signed by both. */
async function handover(of: Vendor, signing: Signing = {}): Promise<ReadonlyMap<string, Uint8Array>> {
  const {
    signers = [...new Set([...of.before, ...of.after])],
    change = (_name, role) => role,
    delegations = (before) => rekeyedSplit(before, of.layout),
  } = signing;
  const files = new Map<string, Uint8Array>();
  for (const [name, role] of await rolesNow(of)) {
    const expires = new Date(start.getTime() + 30 * day - 500);
    const next = { ...role, version: role.version + 1, expires };
    const handed = name === own ? { ...next, delegations: delegations(role.delegations) } : next;
    files.set(name, await signed(change(name, handed), signers));
  }
  return files;
}

const binsFirst = (files: ReadonlyMap<string, Uint8Array>): readonly (readonly [string, Uint8Array])[] =>
  [...files].toSorted(([a], [b]) => Number(a === own) - Number(b === own));

/** As the door does it: the keys before vouch for every role, and then the delegation goes over. */
async function take(draft: Draft, of: Vendor, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of binsFirst(files))
    await draft.bring(name, bytes, new Map(), { bins: of.layout });
  await draft.edit({ kind: 'keys', role: 'vendor.acme', ...of.layout });
}

async function readable(client: TestClient): Promise<number> {
  let good = 0;
  for (let number = 0; number < count; number++)
    if ((await client.read(path(number))) === `content ${number}`) good++;
  return good;
}

test.each(['succinct', 'prefixes'] as const)('role and bins go over in one commit (%s)', async (style) => {
  const of = await vendor(style);
  const old = await clientOf(of.world);
  const repository = await of.world.open();
  const files = await handover(of);
  expect(files.size).toBe(5);
  const { roles } = await repository.publish((draft) => take(draft, of, files));
  expect([...roles.keys()].toSorted()).toEqual(
    [...files.keys(), 'snapshot', 'targets', 'timestamp'].toSorted(),
  );
  const now = await clientOf(of.world);
  expect(await readable(now)).toBe(count);
  expect(await readable(old)).toBe(count); // under way with what it knew
  for (const [name, bytes] of files) {
    const { version } = now.set.expectedRole(roleName(name));
    expect(Buffer.from(await now.need(`metadata/${version}.${name}.json`))).toEqual(Buffer.from(bytes));
  }
  const bin = [...files.keys()].find((name) => name !== own) ?? '';
  const late = await rolesNow(of);
  const role = late.get(bin);
  if (role === undefined) throw new Error('no bin');
  const next = { ...role, version: role.version + 1 };
  const hand = async (signers: readonly Signer[]) => {
    const bytes = await signed(next, signers);
    return repository.publish(async (draft) => void (await draft.bring(bin, bytes)));
  };
  await expect(hand(of.before)).rejects.toMatchObject({ code: 'DOOR_SIGNATURES' });
  await expect(hand(of.after.slice(0, 1))).rejects.toMatchObject({ code: 'DOOR_SIGNATURES' });
  await hand(of.after.slice(1));
  expect(await readable(await clientOf(of.world))).toBe(count);
});

test('no client ever meets a role that does not verify: each write is a state that is read', async () => {
  const inner = memoryStorage();
  let looking: World | null = null;
  let looks = 0;
  const under: TestClient[] = [];
  const look = async (): Promise<void> => {
    if (looking === null) return;
    looks++;
    const client = await TestClient.refresh(inner, looking.root, looking.now);
    await client.readAll();
    expect(await readable(client)).toBe(count);
    under.push(await TestClient.refresh(inner, looking.root, looking.now)); // goes on in the state after
    for (const one of under) expect(await readable(one)).toBe(count);
  };
  const storage: Storage = {
    ...inner,
    description: inner.description,
    get: (...call) => inner.get(...call),
    head: (...call) => inner.head(...call),
    list: (...call) => inner.list(...call),
    delete: (...call) => inner.delete(...call),
    async putIfAbsent(...call) {
      const answer = await inner.putIfAbsent(...call);
      await look();
      return answer;
    },
    async compareAndSwap(...call) {
      const answer = await inner.compareAndSwap(...call);
      await look();
      return answer;
    },
  };
  const of = await vendor('succinct', storage);
  const repository = await of.world.open();
  const files = await handover(of);
  looking = of.world;
  await repository.publish((draft) => take(draft, of, files));
  expect(looks).toBeGreaterThan(7); // five roles, targets, snapshot, timestamp
});

test.each(['succinct', 'prefixes'] as const)(
  'the order in which keys are written down is nobody’s business (%s)',
  async (style) => {
    const of = await vendor(style);
    const files = await handover(of);
    const layout = { ...of.layout, keys: of.layout.keys.toReversed() };
    await (await of.world.open()).publish((draft) => take(draft, { ...of, layout }, files));
    expect(await readable(await clientOf(of.world))).toBe(count);
  },
);

describe('half a handover is refused, and nothing of it is published', () => {
  const without =
    (drop: (name: string) => boolean) =>
    async (of: Vendor): Promise<ReadonlyMap<string, Uint8Array>> =>
      new Map([...(await handover(of))].filter(([name]) => !drop(name)));
  const cases: Readonly<
    Record<string, readonly [code: string, make: (of: Vendor) => Promise<ReadonlyMap<string, Uint8Array>>]>
  > = {
    'the role without its bins': ['DOOR_DELEGATIONS', without((name) => name !== own)],
    'the role without one bin': ['DOOR_DELEGATIONS', without((name) => name.endsWith('-2'))],
    'the bins without the role': ['SIGNATURES_MISSING', without((name) => name === own)],
    'signed by the keys before alone': ['DOOR_DELEGATIONS', (of) => handover(of, { signers: of.before })],
    'signed by the keys after alone': [
      'DOOR_SIGNATURES',
      (of) => handover(of, { signers: of.after.slice(1) }),
    ],
    'one of two keys before': [
      'DOOR_SIGNATURES',
      (of) => handover(of, { signers: [...of.before.slice(0, 1), ...of.after.slice(1)] }),
    ],
    'one of two keys after': [
      'DOOR_DELEGATIONS',
      (of) => handover(of, { signers: [...of.before.slice(0, 1), ...of.after.slice(0, 1)] }),
    ],
    'bins that stay with the keys before': [
      'DOOR_DELEGATIONS',
      (of) => handover(of, { delegations: (before) => before }),
    ],
    'bins under a smaller threshold': [
      'DOOR_DELEGATIONS',
      (of) => handover(of, { delegations: (before) => rekeyedSplit(before, { ...of.layout, threshold: 1 }) }),
    ],
    'bins under a key more': [
      'DOOR_DELEGATIONS',
      (of) =>
        handover(of, {
          delegations: (before) =>
            rekeyedSplit(before, { ...of.layout, keys: [...of.layout.keys, testSigner().key] }),
        }),
    ],
    'other bins than before': [
      'DOOR_DELEGATIONS',
      (of) =>
        handover(of, {
          delegations: (before) => {
            const split = rekeyedSplit(before, of.layout);
            const bins = split?.succinctRoles ?? null;
            return split === null || bins === null
              ? null
              : { ...split, succinctRoles: { ...bins, bitLength: 3 } };
          },
        }),
    ],
  };
  test.each(Object.entries(cases))('%s', async (_name, [code, make]) => {
    const of = await vendor();
    const repository = await of.world.open();
    const before = await clientOf(of.world);
    const files = await make(of);
    await expect(repository.publish((draft) => take(draft, of, files))).rejects.toMatchObject({ code });
    const after = await clientOf(of.world);
    expect(after.set.timestamp?.version).toBe(before.set.timestamp?.version);
    expect(await readable(after)).toBe(count);
  });

  test('other keys for the bins need the word of whoever brings them', async () => {
    const of = await vendor();
    const repository = await of.world.open();
    const bytes = (await handover(of)).get(own);
    if (bytes === undefined) throw new Error('no role');
    await expect(
      repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes))),
    ).rejects.toMatchObject({ code: 'DOOR_DELEGATIONS' });
  });

  test('a bin that somebody published to meanwhile is signed anew', async () => {
    const of = await vendor();
    const repository = await of.world.open();
    const files = await handover(of);
    const [bin, role] = [...(await rolesNow(of))].find(([name]) => name !== own) ?? [];
    if (bin === undefined || role === undefined) throw new Error('no bin');
    const next = await signed({ ...role, version: role.version + 1 }, of.before);
    await repository.publish(async (draft) => void (await draft.bring(bin, next)));
    await expect(repository.publish((draft) => take(draft, of, files))).rejects.toMatchObject({
      code: 'DOOR_VERSION',
    });
    await repository.publish(async (draft) => take(draft, of, await handover(of)));
    expect(await readable(await clientOf(of.world))).toBe(count);
  });
});

test('a new owner, whom the keys before did not countersign, takes role and bins in one commit', async () => {
  const of = await vendor();
  const repository = await of.world.open();
  const files = await handover(of, { signers: of.after.slice(1) });
  const change = async (draft: Draft): Promise<void> => {
    await draft.edit({ kind: 'keys', role: 'vendor.acme', ...of.layout });
    for (const [name, bytes] of binsFirst(files).toReversed())
      await draft.bring(name, bytes, new Map(), { bins: of.layout });
  };
  await repository.publish(change);
  expect(await readable(await clientOf(of.world))).toBe(count);
});

test('where the keys of targets are elsewhere it is an event, which carries role and bins as they were handed in', async () => {
  const of = await vendor();
  const [signer] = of.world.keys.of('targets');
  if (signer === undefined) throw new Error('no key of targets');
  of.world.keys.held.delete('targets');
  const repository = await of.world.open();
  const files = await handover(of);
  const change = (draft: Draft): Promise<void> => take(draft, of, files);
  await expect(repository.publish(change)).rejects.toMatchObject({ code: 'SIGNATURES_MISSING' });
  const deadline = new Date(start.getTime() + day);
  const event = await repository.proposeEvent({ change, reason: 'other keys', deadline });
  expect(event.roles.map(({ name }) => name)).toEqual(['targets', ...[...files.keys()].toSorted()]);
  const review = await repository.reviewEvent(event);
  const signed = await signEvent(event, review, [signer], { ledger: noLedger, now: start });
  expect(await repository.applyEvent(signed.event)).toMatchObject({ outcome: 'applied' });
  const client = await clientOf(of.world);
  expect(await readable(client)).toBe(count);
  expect((await client.readAll()).length).toBeGreaterThan(files.size);
});
