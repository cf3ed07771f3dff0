/** What model.test.ts found, each with the shortest sequence that shows it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type * as timers from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  collect,
  logHeadOf,
  noLedger,
  review,
  signEvent,
  watchWrites,
  type AuditOptions,
  type Draft,
  type Repository,
  type SigningEvent,
} from '@ragnos/repository';
import { StorageError, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog } from '@ragnos/tlog';
import { logRestarts } from '@ragnos/tuf';
import {
  clientOf,
  keysIn,
  start,
  tempFolder,
  TestClient,
  testSigner,
  text,
  world,
  type World,
} from './world.ts';

vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof timers>();
  return { ...real, default: real, setTimeout: (_ms: number, value: unknown) => real.setImmediate(value) };
});
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }));
afterEach(() => void vi.useRealTimers());

test('what tidies up makes the folder in which it remembers', async () => {
  const made = await world();
  const staging = join(await tempFolder(), 'not', 'there');
  const { oldest } = await collect({ storage: made.storage, staging, apply: true });
  expect(oldest).toBeNull(); // nobody can tell yet; and it was remembered
  expect(await readdir(staging)).toContain('gc.json');
});

const online = ['timestamp', 'snapshot', 'targets'] as const;

test.for(online)(
  'who publishes while the key of %s is replaced signs with both, or is refused: no client meets a root that does not vouch for the head',
  async (role) => {
    const made = await world();
    const [old] = made.keys.of(role);
    if (old === undefined) throw new Error('no key');
    const fresh = testSigner();
    const [knowing, unknowing] = [await made.open(), await made.open({ signers: made.keys.source })];
    const outcomes: string[] = [];
    let count = 0;
    let busy = false;
    const storage = watchWrites(made.storage, async ({ key }) => {
      if (busy) return;
      busy = true;
      await clientOf(made);
      if (key === 'metadata/timestamp.json' || key === 'metadata/2.root.json') {
        // Between the announcement and the root, and right after it.
        await unknowing
          .publish((draft) => draft.add(`top-${count++}`, text(key)))
          .then(
            () => outcomes.push('published'),
            (error: unknown) =>
              outcomes.push(error instanceof Error && 'code' in error ? String(error.code) : ''),
          );
        await clientOf(made);
        made.keys.held.set(role, [old, fresh]);
        await knowing.publish((draft) => draft.add(`top-${count++}`, text(key)));
        made.keys.held.set(role, [old]);
        await clientOf(made);
      }
      busy = false;
    });
    const rotating = await made.open({ storage });
    await rotating.rotateKey(role, fresh, old);
    made.keys.held.set(role, [fresh]);
    await (await made.open()).refresh({ force: true });
    const client = await clientOf(made);
    expect(client.set.root.roles.get(role)?.keyIds).toEqual([fresh.key.keyId]);
    expect(new Set(outcomes)).toEqual(new Set(['SIGNATURES_MISSING']));
  },
);

test('two give the same lost log up: the new log begins with what root says, whoever was faster', async () => {
  const made = await world();
  const audit: AuditOptions = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' };
  await (await made.open({ audit })).publish((draft) => draft.add('top', text('top')));
  for (const key of await keysIn(made.storage, 'log/')) await made.storage.delete(storageKey(key));
  const giveUp = async (repository: Repository, reason: string): Promise<SigningEvent> => {
    const deadline = new Date(made.now.getTime() + 86_400_000);
    const event = await repository.proposeLogRestart({ reason, deadline });
    if (event === null) throw new Error('given up already');
    return sign(repository, event);
  };
  const sign = async (repository: Repository, event: SigningEvent): Promise<SigningEvent> => {
    const seen = await repository.reviewEvent(event);
    return (await signEvent(event, seen, made.keys.of('root'), { ledger: noLedger, now: made.now })).event;
  };
  let rooted = false;
  const second = await made.open({
    audit,
    maxAttempts: 1,
    storage: watchWrites(made.storage, ({ key }) => {
      if (rooted) throw new Error('killed');
      rooted = key === 'metadata/3.root.json';
    }),
  });
  const late = await giveUp(second, 'the second one said so');
  let outcome = '';
  const first = await made.open({
    audit,
    storage: watchWrites(made.storage, async ({ key }) => {
      if (outcome !== '' || !key.startsWith('log/restart-1/')) return; // its root is there, and its timestamp is not
      const applied = await second.applyEvent(late);
      outcome = applied.outcome;
      if (applied.outcome === 'reopened')
        await second.applyEvent(await sign(second, applied.event)).catch(() => undefined);
    }),
  });
  await first.applyEvent(await giveUp(first, 'the first one said so'));
  const { root, timestamp } = (await clientOf(made)).set;
  const head = timestamp === null ? null : logHeadOf(timestamp);
  if (head === null) throw new Error('no log');
  const { findings } = await new AuditLog(made.storage).verify(head, { lost: logRestarts(root) });
  expect(findings.map(({ code }) => code)).toEqual(['LOG_RESTARTED']);
  expect(outcome).toBe('superseded');
});

test('a rotation that nobody ended is in nobody’s way after ten minutes', async () => {
  const made = await world();
  const [old] = made.keys.of('timestamp');
  if (old === undefined) throw new Error('no key');
  const storage = watchWrites(made.storage, ({ key }) => {
    if (key === 'metadata/timestamp.json') throw new Error('killed');
  });
  const rotating = await made.open({ storage, maxAttempts: 1 });
  await expect(rotating.rotateKey('timestamp', testSigner(), old)).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
  });
  const other = await made.open();
  const publish = () => other.publish((draft) => draft.add('top', text('top')));
  await expect(publish()).rejects.toMatchObject({ code: 'SIGNATURES_MISSING' });
  made.now = new Date(made.now.getTime() + 10 * 60_000);
  await publish();
  expect(await (await clientOf(made)).read('top')).toBe('top');
});

test.for(online)(
  'a client that paused anywhere goes on after rotations of timestamp and %s',
  async (second) => {
    for (let pause = 1; pause <= 4; pause++) {
      const made = await world();
      const repository = await made.open();
      let reads = 0;
      const storage: Storage = {
        ...made.storage,
        get: async (key, options) => {
          if (++reads === pause)
            for (const role of ['timestamp', second]) {
              const [old] = made.keys.of(role).slice(-1);
              const fresh = testSigner();
              if (old === undefined) throw new Error('no key');
              made.keys.of(role).push(fresh);
              await repository.rotateKey(role, fresh, old);
            }
          return made.storage.get(key, options);
        },
      };
      const client = await TestClient.refresh(storage, made.root, made.now);
      expect(client.set.root.version).toBe(pause === 1 ? 3 : 1);
      expect(reads).toBeGreaterThanOrEqual(pause);
    }
  },
);

test('a put that got lost leaves alone what another wrote under the same number in the same second', async () => {
  const made = await world();
  const other = await made.open();
  let lost = false;
  const storage: Storage = {
    ...made.storage,
    async putIfAbsent(key, ...rest) {
      if (key !== 'metadata/2.vendor.acme.json' || lost) return made.storage.putIfAbsent(key, ...rest);
      lost = true;
      await other.publish((draft) => draft.add('vendors/acme/a/b', text('same')));
      throw new StorageError('STORAGE_UNAVAILABLE', 'the connection was cut');
    },
  };
  const victim = await made.open({ storage });
  const publish = victim.publish((draft) => draft.add('vendors/acme/a/b', text('same')));
  const ended: unknown = await publish.catch((error: unknown) => error); // either is right
  expect(!(ended instanceof Error) || ended instanceof StorageError).toBe(true);
  expect(lost).toBe(true);
  expect(await (await clientOf(made)).read('vendors/acme/a/b')).toBe('same');
});

test('an event that took the number after one that was not published yet does not undo what is published under that one', async () => {
  const made = await world();
  const [publishing, proposing] = [await made.open(), await made.open()];
  let event: SigningEvent | null = null;
  const storage = watchWrites(made.storage, async ({ key }) => {
    if (key !== 'metadata/2.targets.json') return;
    // Version 2 is taken, and no head names it yet.
    const deadline = new Date(made.now.getTime() + 86_400_000);
    const change = (draft: Draft): Promise<void> => draft.add('by-event', text('by event'));
    const proposed = await proposing.proposeEvent({ change, resign: ['targets'], reason: '', deadline });
    event = await signedBy(made, proposed);
  });
  await (await made.open({ storage })).publish((draft) => draft.add('published', text('published')));
  if (event === null) throw new Error('no event');
  const first = await publishing.applyEvent(event);
  if (first.outcome !== 'reopened') throw new Error(first.outcome);
  expect(await publishing.applyEvent(await signedBy(made, first.event))).toMatchObject({
    outcome: 'applied',
  });
  const client = await clientOf(made);
  expect([await client.read('published'), await client.read('by-event')]).toEqual(['published', 'by event']);
});

test('an event that splits a role is opened anew with what the role holds by then', async () => {
  const made = await world();
  const path = 'vendors/acme/a/index.json';
  const [repository, away] = [
    await made.open({ mutable: () => true }),
    await made.open({
      signers: (role) => (role === 'vendor.acme' ? Promise.resolve([]) : made.keys.source(role, [])),
    }),
  ];
  await repository.publish((draft) => draft.add(path, text('one')));
  const deadline = new Date(made.now.getTime() + 86_400_000);
  const edit = { kind: 'split', role: 'vendor.acme', bins: { bitLength: 1 } } as const;
  const proposed = await away.proposeEvent({ edits: [edit], reason: '', deadline });
  await repository.publish((draft) => draft.add(path, text('two')));
  const first = await repository.applyEvent(await signedBy(made, proposed, 'vendor.acme'));
  if (first.outcome !== 'reopened') throw new Error(first.outcome);
  const again = await signedBy(made, first.event, 'vendor.acme');
  expect(await repository.applyEvent(again)).toMatchObject({ outcome: 'applied' });
  const client = await clientOf(made);
  expect(await client.read(path)).toBe('two');
  expect(await client.readAll()).toContain('vendor.acme-1');
  // Somebody else's: then it is there already.
  expect(await repository.applyEvent(await signedBy(made, proposed, 'vendor.acme'))).toMatchObject({
    outcome: 'superseded',
  });
});

test('an event of a role below is opened anew on a head that moved once more meanwhile', async () => {
  const made = await world();
  const away = await made.open({
    signers: (role) => (role === 'vendor.acme' ? Promise.resolve([]) : made.keys.source(role, [])),
  });
  const other = await made.open();
  const deadline = new Date(made.now.getTime() + 86_400_000);
  const change = (draft: Draft): Promise<void> => draft.add('vendors/acme/a/event', text('by event'));
  const proposed = await away.proposeEvent({ change, reason: '', deadline });
  const event = await signedBy(made, proposed, 'vendor.acme');
  await other.publish((draft) => draft.add('vendors/acme/a/published', text('published')));
  let reads = 0;
  const storage: Storage = {
    ...made.storage,
    async get(key, options) {
      if (key === 'metadata/timestamp.json' && ++reads === 3)
        await other.publish(async (draft) => {
          await draft.add('top', text('top'));
          await draft.add('vendors/acme/a/too', text('too'));
        });
      return made.storage.get(key, options);
    },
  };
  const applying = await made.open({ storage });
  const first = await applying.applyEvent(event);
  if (first.outcome !== 'reopened') throw new Error(first.outcome);
  expect(reads).toBe(3); // when it was opened, applied, and opened anew
  const again = await applying.applyEvent(await signedBy(made, first.event, 'vendor.acme'));
  expect(again).toMatchObject({ outcome: 'applied' });
  const client = await clientOf(made);
  const paths = ['top', 'vendors/acme/a/too', 'vendors/acme/a/event', 'vendors/acme/a/published'];
  expect(await Promise.all(paths.map((path) => client.find(path)))).not.toContain(null);
});

test('an event of targets that still delegates to what was removed meanwhile is opened anew', async () => {
  const made = await world();
  const repository = await made.open();
  const deadline = new Date(made.now.getTime() + 86_400_000);
  let event: SigningEvent | null = null;
  const storage = watchWrites(made.storage, async ({ key }) => {
    if (key !== 'metadata/2.targets.json') return; // taken, so that the event takes the next
    const change = (draft: Draft): Promise<void> => draft.add('top', text('by event'));
    const proposed = await repository.proposeEvent({ change, resign: ['targets'], reason: '', deadline });
    event = await signedBy(made, proposed);
  });
  await (await made.open({ storage })).editRoles([{ kind: 'remove', role: 'vendor.acme' }]);
  if (event === null) throw new Error('no event');
  const first = await repository.applyEvent(event);
  if (first.outcome !== 'reopened') throw new Error(first.outcome);
  expect(await repository.applyEvent(await signedBy(made, first.event))).toMatchObject({
    outcome: 'applied',
  });
  const client = await clientOf(made);
  expect(await client.read('top')).toBe('by event');
  expect(await client.readAll()).not.toContain('vendor.acme');
});

async function signedBy(
  { root, now, keys }: World,
  event: SigningEvent,
  role = 'targets',
): Promise<SigningEvent> {
  const settings = { ledger: noLedger, now };
  return (await signEvent(event, review(event, { root }, now), keys.of(role), settings)).event;
}

test('an event of a role that was split meanwhile is opened anew with its files in the bins', async () => {
  const made = await world();
  const repository = await made.open();
  const deadline = new Date(made.now.getTime() + 86_400_000);
  const change = (draft: Draft): Promise<void> => draft.add('vendors/acme/a/event', text('by event'));
  const event = await repository.proposeEvent({ change, resign: ['vendor.acme'], reason: '', deadline });
  const bins = { bitLength: 1, style: 'succinct' } as const;
  await repository.editRoles([{ kind: 'split', role: 'vendor.acme', bins }]);
  const first = await repository.applyEvent(await signedBy(made, event, 'vendor.acme'));
  if (first.outcome !== 'reopened') throw new Error(first.outcome);
  expect(first.event.roles.map(({ name }) => name)).toEqual([expect.stringMatching(/^vendor\.acme-[01]$/)]);
  expect(await repository.applyEvent(await signedBy(made, first.event, 'vendor.acme'))).toMatchObject({
    outcome: 'applied',
  });
  expect(await (await clientOf(made)).read('vendors/acme/a/event')).toBe('by event');
});

test.for([1, 2])(
  'a root by event that somebody overtakes before read %i of the head is opened anew',
  async (pause) => {
    const made = await world();
    const [old] = made.keys.of('root');
    if (old === undefined) throw new Error('no key');
    const [fresh, other] = [testSigner(), testSigner()];
    made.keys.held.set('root', [old, fresh]);
    const away = await made.open();
    const deadline = new Date(made.now.getTime() + 86_400_000);
    const edits = [{ kind: 'keys', role: 'root', keys: [fresh.key], threshold: 1 }] as const;
    const event = await signedBy(made, await away.proposeEvent({ edits, reason: '', deadline }), 'root');
    let reads = 0;
    const storage: Storage = {
      ...made.storage,
      async get(key, options) {
        if (key === 'metadata/timestamp.json' && ++reads === pause)
          await (await made.open()).rotateKey('root', other, old);
        return made.storage.get(key, options);
      },
    };
    const applying = await made.open({ storage });
    const { outcome } = await applying.applyEvent(event);
    expect(outcome).toBe('reopened');
    const client = await clientOf(made);
    expect(client.set.root.roles.get('root')?.keyIds).toEqual([other.key.keyId]);
  },
);
