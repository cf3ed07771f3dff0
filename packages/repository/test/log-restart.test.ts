/** An audit log that is lost for good: root gives it up, the next one says so first, and readers say so for ever. */
import { join } from 'node:path';
import {
  eventFolder,
  examineStore,
  logHeadOf,
  metadataOf,
  noLedger,
  PublishError,
  signEvent,
  watchWrites,
  type AuditOptions,
  type Repository,
  type SigningEvent,
} from '@ragnos/repository';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, headToJson, restartedHead, type LogHead, type NewEntry } from '@ragnos/tlog';
import {
  logRestarts,
  metadataToBytes,
  parseMetadata,
  signedToBytes,
  withLogRestarts,
  type JsonValue,
  type Timestamp,
} from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { clientOf, keysIn, start, tempFolder, testSigner, text, world, type World } from './world.ts';

const audit: AuditOptions = {
  actor: { type: 'user', name: 'olga' },
  host: 'desk',
  tool: 'test 1',
};
const deadline = new Date(start.getTime() + 24 * 60 * 60 * 1000);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const add = (repository: Repository, path: string) =>
  repository.publish((draft) => draft.add(`vendors/acme/hello/${path}`, text(path)));

/** A repository with two entries in its log, which `lose` takes away. */
async function logged(): Promise<World & { readonly staging: string }> {
  const staging = join(await tempFolder(), 'staging');
  const made = await world({ staging });
  const repository = await made.open({ audit });
  await add(repository, 'one');
  await add(repository, 'two');
  await repository.close();
  return { ...made, staging };
}

async function lose({ storage }: World, prefix = 'log/'): Promise<void> {
  for (const key of await keysIn(storage, prefix)) await storage.delete(storageKey(key));
}

async function headOf(made: World): Promise<LogHead> {
  const { timestamp } = (await clientOf(made)).set;
  const head = timestamp === null ? null : logHeadOf(timestamp);
  if (head === null) throw new Error('no log');
  return head;
}

async function kindsOf(made: World): Promise<readonly string[]> {
  const kinds: string[] = [];
  for await (const { entry } of new AuditLog(made.storage).entries(await headOf(made)))
    kinds.push(entry.kind);
  return kinds;
}

async function findings(made: World, since?: LogHead): Promise<readonly string[]> {
  const { root } = (await clientOf(made)).set;
  const report = await new AuditLog(made.storage).verify(await headOf(made), {
    since,
    lost: logRestarts(root),
  });
  return report.findings.map((finding) => finding.code);
}

const propose = (repository: Repository, reason = 'the disk died') =>
  repository.proposeLogRestart({ reason, deadline });

async function signed(repository: Repository, made: World, event: SigningEvent): Promise<SigningEvent> {
  const seen = await repository.reviewEvent(event);
  const settings = { ledger: noLedger, now: made.now };
  return (await signEvent(event, seen, made.keys.of('root'), settings)).event;
}

/** Lost, given up and begun anew, by one operator with the key of root at hand. */
async function restart(made: World, reason?: string): Promise<Repository> {
  const repository = await made.open({ audit });
  const event = await propose(repository, reason);
  if (event !== null) await repository.applyEvent(await signed(repository, made, event));
  else await repository.completeLogRestart();
  return repository;
}

test('lost without a copy: root gives it up, the new log says so first, and publishing goes on', async () => {
  const made = await logged();
  const before = await headOf(made);
  await lose(made);
  const operator = await made.open({ audit });
  await expect(add(operator, 'three')).rejects.toEqual(code('LOG_MISSING'));
  const event = await propose(operator);
  expect(event?.words.join()).toContain('x-ragnos-log-restarts');
  if (event === null) throw new Error('approved already');
  expect((await operator.reviewEvent(event)).roles[0]?.warnings.join()).toContain(
    'the audit log of 2 entries',
  );
  await operator.applyEvent(await signed(operator, made, event));

  const { root } = (await clientOf(made)).set;
  const lost = {
    ...before,
    time: new Date('2030-01-01T00:00:00Z'),
    by: 'olga@desk',
    reason: 'the disk died',
  };
  expect(logRestarts(root)).toEqual([lost]);
  expect(await headOf(made)).toMatchObject({ size: 2, restarts: 1 });
  expect(await kindsOf(made)).toEqual(['restart', 'root']);
  const [first] = await Array.fromAsync(new AuditLog(made.storage).entries(await headOf(made)));
  expect(first?.entry).toMatchObject({
    actor: audit.actor,
    host: 'desk',
    lost,
    subject: 'approved by root 2',
  });
  expect(await findings(made)).toEqual(['LOG_RESTARTED']);
  expect(await findings(made, before)).toEqual(['LOG_RESTARTED']);

  await add(operator, 'three');
  expect(await kindsOf(made)).toEqual(['restart', 'root', 'publish']);
  await add(await made.open({ audit, staging: await tempFolder() }), 'four'); // of another machine, that saw nothing yet
});

test('an operator who remembers the lost log goes on, without a word from anybody', async () => {
  const made = await logged();
  const other = join(await tempFolder(), 'staging');
  await (await made.open({ audit, staging: other })).refresh();
  await lose(made);
  await restart(made);
  await add(await made.open({ audit, staging: other }), 'three');
  expect(await kindsOf(made)).toEqual(['restart', 'root', 'publish']);
});

test('an operator who asked for roots before the restart, and for the timestamp after it, goes on at once', async () => {
  const made = await logged();
  const staging = join(await tempFolder(), 'staging');
  let asked = 0;
  let restarted: Promise<unknown> | null = null;
  const storage: Storage = {
    ...made.storage,
    get: async (key, options) => {
      if (key === 'metadata/timestamp.json' && ++asked === 2)
        await (restarted ??= lose(made).then(() => restart(made)));
      return made.storage.get(key, options);
    },
  };
  const other = await made.open({ audit, staging, storage });
  await add(other, 'three');
  expect(await kindsOf(made)).toEqual(['restart', 'root', 'publish']);
});

test('a root that was signed before the log was lost is in nobody’s way: it is opened anew afterwards', async () => {
  const made = await logged();
  const operator = await made.open({ audit });
  const folder = eventFolder(made.staging);
  const other = { kind: 'keys', role: 'snapshot', keys: [testSigner().key], threshold: 1 } as const;
  const proposal = { edits: [other], reason: 'time', deadline };
  const waiting = await signed(operator, made, await operator.proposeEvent(proposal));
  await folder.create(waiting);
  await lose(made);
  await expect(operator.applyEvent(waiting)).rejects.toEqual(code('LOG_MISSING'));
  await expect(operator.proposeEvent(proposal)).rejects.toEqual(code('LOG_MISSING')); // before anybody signs
  const event = await propose(operator);
  if (event === null) throw new Error('approved already');
  await folder.create(event);
  await operator.applyEvent(await signed(operator, made, event));
  expect(await operator.applyEvent(waiting)).toMatchObject({ outcome: 'reopened' });
});

test('a log that is there is not given up, nor one that was never kept', async () => {
  const made = await logged();
  await expect(propose(await made.open({ audit }))).rejects.toEqual(code('LOG_INTACT'));
  const silent = await world();
  await expect(propose(await silent.open())).rejects.toEqual(code('LOG_INTACT'));
  await lose(made);
  await expect(propose(await made.open({ audit }), ' \u0007 ')).rejects.toEqual(code('BAD_LAYOUT'));
});

test('a damaged log is as good as lost: what is left of it stays as evidence', async () => {
  const made = await logged();
  const key = (await keysIn(made.storage, 'log/head/')).find((one) => one.includes('/2-'));
  if (key === undefined) throw new Error('no head object');
  await lose(made, key);
  await made.storage.putIfAbsent(storageKey(key), text('{}\n'), {});
  await restart(made);
  expect(await keysIn(made.storage, 'log/head/')).toContain(key);
  expect(await findings(made)).toEqual(['LOG_RESTARTED']);
});

test('a second loss: both are told for ever, also by later roots', async () => {
  const made = await logged();
  await lose(made);
  await restart(made, 'the first disk');
  await lose(made, 'log/restart-1/');
  const operator = await restart(made, 'the second disk');
  expect(await headOf(made)).toMatchObject({ restarts: 2 });
  const old = made.keys.of('root')[0];
  if (old === undefined) throw new Error('no key');
  await operator.rotateKey('root', testSigner(), old);
  const { root } = (await clientOf(made)).set;
  expect(logRestarts(root).map(({ reason }) => reason)).toEqual(['the first disk', 'the second disk']);
  expect(await findings(made)).toEqual(['LOG_RESTARTED', 'LOG_RESTARTED']);
  const { findings: told } = await examineStore(made.storage, { now: () => made.now });
  const restarts = told.filter(({ rule }) => rule === 'log-restarted');
  expect(restarts.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
  expect(restarts[1]?.message).toContain('2 entries before it are lost; olga@desk: the second disk');
});

class Killed extends Error {}

/** After `allowed` writes the process is dead. */
function dyingAfter(storage: Storage, allowed: number): Storage {
  let left = allowed;
  return watchWrites(storage, () => {
    if (left-- <= 0) throw new Killed('killed');
  });
}

test.each(['the same command', 'any publish'])(
  'killed before each write: %s completes it, and says it once',
  { timeout: 60_000 },
  async (by) => {
    for (let writes = 0; ; writes++) {
      const made = await logged();
      await lose(made);
      const victim = await made.open({ audit, storage: dyingAfter(made.storage, writes), maxAttempts: 2 });
      const event = await propose(victim);
      if (event === null) throw new Error('approved already');
      const ready = await signed(victim, made, event);
      const survived = await victim.applyEvent(ready).then(
        () => true,
        () => false,
      );
      await victim.close().catch(() => undefined);
      const isApproved = (await clientOf(made)).set.root.version === 2;
      const next = await made.open({ audit });
      if (by === 'the same command' || !isApproved) {
        const again = await propose(next).catch((error: unknown) => {
          if (error instanceof PublishError && error.code === 'LOG_INTACT') return null; // it was done
          throw error;
        });
        if (again === null) await next.completeLogRestart();
        else await next.applyEvent(ready);
      }
      await add(next, 'three');
      const kinds = await kindsOf(made);
      expect([kinds[0], kinds.at(-1)]).toEqual(['restart', 'publish']);
      expect(kinds.filter((kind) => kind === 'restart')).toHaveLength(1);
      expect(await findings(made)).toEqual(['LOG_RESTARTED']);
      if (survived) break;
    }
  },
);

/** Whoever holds the key of timestamp, and the store, puts `change` into effect. */
async function steal(made: World, log: LogHead): Promise<void> {
  const key = storageKey('metadata/timestamp.json');
  const found = await read(made.storage, key, { maxLength: 100_000 });
  const [signer] = made.keys.of('timestamp');
  if (found === null || signer === undefined) throw new Error('nothing to steal');
  const old = parseMetadata(found.bytes, 'timestamp').signed;
  const members = new Map<string, JsonValue>([...old.unrecognized, ['x-ragnos-log', { ...headToJson(log) }]]);
  const forged: Timestamp = { ...old, version: old.version + 1, unrecognized: members };
  const bytes = signedToBytes(forged);
  const { sig } = await signer.sign(bytes);
  const whole = metadataToBytes(bytes, [{ keyId: signer.key.keyId, sig }]);
  await made.storage.compareAndSwap(key, whole, {}, found.info.etag);
}

/** The log that a thief begins, as well as it can be made. */
async function forgedLog(made: World, lost: LogHead, reason: string): Promise<LogHead> {
  const entry: NewEntry = {
    time: start,
    kind: 'restart',
    actor: { type: 'user', name: 'olga' },
    host: 'desk',
    tool: 'test 1',
    lost: { ...lost, time: new Date('2030-01-01T00:00:00Z'), by: 'olga@desk', reason },
  };
  return (await new AuditLog(made.storage).stage(restartedHead(lost), [entry])).head;
}

test('the key of timestamp alone gives no log up: nobody goes on with it, whatever he saw before', async () => {
  const made = await logged();
  await steal(made, await forgedLog(made, await headOf(made), 'the disk died'));
  const stranger = join(await tempFolder(), 'staging');
  for (const staging of [made.staging, stranger])
    await expect(made.open({ audit, staging })).rejects.toEqual(code('STORE_WENT_BACK'));
  expect(await findings(made)).toContain('LOG_RESTART_UNAPPROVED');
});

test('a beginning that says something else than root does is found', async () => {
  const made = await logged();
  await lose(made);
  const operator = await made.open({ audit });
  const event = await propose(operator);
  if (event === null) throw new Error('approved already');
  const before = await headOf(made);
  const { roles } = await signed(operator, made, event);
  const root = roles[0];
  if (root === undefined) throw new Error('no root');
  await made.storage.putIfAbsent(storageKey('metadata/2.root.json'), metadataOf(root), {}); // and died
  await steal(made, await forgedLog(made, before, 'nothing of interest was in it'));
  expect(await findings(made)).toEqual(['LOG_RESTARTED', 'LOG_RESTART_UNAPPROVED']);
  const { findings: told } = await examineStore(made.storage, { now: () => made.now });
  expect(told.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['log-restarted', 'log-altered']));
});

test('a root forgets no loss, and gives up no log that went on', async () => {
  const made = await logged();
  const whole = new Map(
    await Promise.all(
      (await keysIn(made.storage, 'log/')).map(
        async (key) => [key, (await read(made.storage, storageKey(key), { maxLength: 1e6 }))?.bytes] as const,
      ),
    ),
  );
  await lose(made);
  const operator = await made.open({ audit });
  const event = await propose(operator);
  if (event === null) throw new Error('approved already');
  const ready = await signed(operator, made, event);
  for (const [key, bytes] of whole) if (bytes) await made.storage.putIfAbsent(storageKey(key), bytes, {});
  await add(operator, 'three'); // somebody found a copy
  expect(await operator.applyEvent(ready)).toMatchObject({ outcome: 'superseded' });
  expect((await clientOf(made)).set.root.version).toBe(1);

  await lose(made);
  await restart(made);
  const { set } = await clientOf(made);
  const forgetful = {
    ...set.root,
    version: set.root.version + 1,
    unrecognized: withLogRestarts(set.root.unrecognized, []),
  };
  const bytes = signedToBytes(forgetful);
  const signatures = await Promise.all(
    made.keys.of('root').map(async (signer) => ({
      keyId: signer.key.keyId,
      sig: (await signer.sign(bytes)).sig,
    })),
  );
  await expect(operator.submitRoot(metadataToBytes(bytes, signatures))).rejects.toEqual(code('BAD_LAYOUT'));
});

test('an event that waits for signatures is opened anew on another root, and still gives the log up', async () => {
  const made = await logged();
  const operator = await made.open({ audit });
  const later = await operator.proposeEvent({ resign: ['root'], reason: 'it expires', deadline });
  await lose(made);
  const event = await propose(operator);
  if (event === null) throw new Error('approved already');
  const ready = await signed(operator, made, event);
  const root = (await signed(operator, made, later)).roles[0];
  if (root === undefined) throw new Error('no root');
  await made.storage.putIfAbsent(storageKey('metadata/2.root.json'), metadataOf(root), {});
  const applied = await operator.applyEvent(ready);
  if (applied.outcome !== 'reopened') throw new Error(applied.outcome);
  await operator.applyEvent(await signed(operator, made, applied.event));
  expect(await kindsOf(made)).toEqual(['restart', 'root']);
  expect((await clientOf(made)).set.root.version).toBe(3);
});
