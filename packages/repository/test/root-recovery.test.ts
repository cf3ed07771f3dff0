/** Somebody has the online keys, and write access to the store: THREATS.md, "compromise and fast-forward recovery". */
import { join } from 'node:path';
import {
  defaultAudit,
  logHeadOf,
  metadataOf,
  noLedger,
  review,
  signEvent,
  type AppliedEvent,
  type RepositoryOptions,
  type SigningEvent,
} from '@ragnos/repository';
import type { Storage } from '@ragnos/storage';
import { AuditLog } from '@ragnos/tlog';
import { parseMetadata, type JsonValue } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { forge, get, last, path, published, type Attacked } from './thief.ts';
import { clientOf, testSigner, text } from './world.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** New keys for the two online roles, signed by the holders of root. */
async function recover(
  { made, folder }: Attacked,
  options: Partial<RepositoryOptions> = {},
  roles: readonly ('timestamp' | 'snapshot')[] = ['timestamp', 'snapshot'],
): Promise<{ readonly run: () => Promise<AppliedEvent>; readonly event: SigningEvent }> {
  const staging = join(folder, 'staging');
  const repository = await made.open({ staging, damaged: true, ...options });
  const edits = roles.map((role) => {
    const fresh = testSigner();
    made.keys.of(role).push(fresh);
    return { kind: 'keys', role, keys: [fresh.key], threshold: 1 } as const;
  });
  const deadline = new Date(Date.now() + 86_400_000);
  const event = await repository.proposeEvent({ edits, reason: 'stolen', deadline });
  const trust = { root: made.root };
  const settings = { ledger: noLedger, now: new Date() };
  const signed = await signEvent(event, review(event, trust, new Date()), made.keys.of('root'), settings);
  return { event: signed.event, run: () => repository.applyEvent(signed.event) };
}

/** Everybody reads again, whatever he saw, and the repository goes on. */
async function expectRecovered({ made, folder, host }: Attacked): Promise<void> {
  const updater = await host();
  expect(updater.trusted.timestamp?.version).toBeLessThan(2 ** 30);
  made.keys.held.set('timestamp', made.keys.of('timestamp').slice(1));
  made.keys.held.set('snapshot', made.keys.of('snapshot').slice(-1));
  const repository = await made.open({ staging: join(folder, 'staging') });
  await repository.publish((draft) => draft.add('later', text('goes on')));
  const client = await clientOf(made);
  expect(await client.read('later')).toBe('goes on');
  expect(await client.read(path)).toBe('{}');
  expect(client.set.root.version).toBe(3);
  await host();
}

test('fast-forward to the last version: one root, and hosts that saw it follow', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  expect((await host()).trusted.timestamp?.version).toBe(last); // it cannot tell
  await (await made.open()).status(); // nor can the operator, who now remembers it
  await expect((await made.open()).publish((draft) => draft.add('x', text('y')))).rejects.toEqual(
    code('TOO_LARGE'),
  );
  const { run } = await recover(attacked);
  expect(await run()).toMatchObject({
    outcome: 'applied',
    rootVersion: 3,
    reset: expect.stringContaining(`${last}`) as unknown,
  });
  await expectRecovered(attacked);
});

test('the timestamp key alone: it names a snapshot that is not there, and nobody reads anything', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  await forge(made, {
    timestamp: (old) => ({ ...old, version: last, snapshot: { ...old.snapshot, version: last } }),
  });
  await expect(host()).rejects.toEqual(code('NOT_FOUND_REMOTE'));
  await expect(made.open()).rejects.toEqual(code('STORE_WENT_BACK'));
  const { run } = await recover(attacked, {}, ['timestamp']);
  expect(await run()).toMatchObject({ outcome: 'applied', rootVersion: 3 });
  await expectRecovered(attacked);
});

test('a snapshot that lists a role under its last version', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  await forge(made, {
    snapshot: (old) => ({
      ...old,
      version: old.version + 1,
      meta: new Map([...old.meta].map(([name, file]) => [name, { ...file, version: last }])),
    }),
    timestamp: (old) => ({ ...old, version: old.version + 1 }),
  });
  await expect(host()).rejects.toEqual(code('NOT_FOUND_REMOTE'));
  const { run } = await recover(attacked);
  expect(await run()).toMatchObject({ outcome: 'applied', rootVersion: 3 });
  await expectRecovered(attacked);
});

test('killed between the reset and the root: the same command completes it', async () => {
  const attacked = await published();
  const { made } = attacked;
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  let killed = false;
  const storage: Storage = {
    ...made.storage,
    putIfAbsent: (key, ...rest) => {
      if (key !== 'metadata/3.root.json' || killed) return made.storage.putIfAbsent(key, ...rest);
      killed = true;
      return Promise.reject(new Error('the power went'));
    },
  };
  const { run } = await recover(attacked, { storage });
  await expect(run()).rejects.toThrow('the power went');
  expect(await run()).toMatchObject({ outcome: 'applied', rootVersion: 3 });
  await expectRecovered(attacked);
});

test('one of two keys was stolen, and either would do: the other one stays', async () => {
  const attacked = await published();
  const { made, folder, host } = attacked;
  const staging = join(folder, 'staging');
  const edits = (['timestamp', 'snapshot'] as const).map((role) => {
    made.keys.of(role).push(testSigner());
    return { kind: 'keys', role, keys: made.keys.of(role).map(({ key }) => key), threshold: 1 } as const;
  });
  await (await made.open({ staging })).editRoles(edits);
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  await host();
  await (await made.open({ staging })).status();
  const repository = await made.open({ staging, damaged: true });
  const left = edits.map((edit) => ({ ...edit, keys: edit.keys.slice(1) }));
  const event = await repository.proposeEvent({
    edits: left,
    reason: '',
    deadline: new Date(Date.now() + 1e8),
  });
  const settings = { ledger: noLedger, now: new Date() };
  const seen = review(event, { root: made.root }, new Date());
  const signed = await signEvent(event, seen, made.keys.of('root'), settings);
  expect(await repository.applyEvent(signed.event)).toMatchObject({
    outcome: 'applied',
    reset: expect.stringContaining(`${last}`) as unknown,
  });
  expect((await host()).trusted.timestamp?.version).toBeLessThan(2 ** 30);
  await (await made.open({ staging })).publish((draft) => draft.add('later', text('goes on')));
  await host();
});

const forgedLogs: Readonly<Record<string, JsonValue>> = {
  'a head of a log that is none': 'junk',
  'a head of a log that is not there': { size: 1000, root: 'ab'.repeat(32) },
  'the log before its first entry': {
    size: 0,
    root: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  },
};
test.for(Object.entries(forgedLogs))('a forged audit log: %s', async ([, forged]) => {
  const attacked = await published();
  const { made, folder } = attacked;
  const [audit, staging] = [defaultAudit(), join(folder, 'staging')];
  await (await made.open({ audit, staging })).publish((draft) => draft.add('logged', text('logged')));
  await forge(made, {
    timestamp: (old) => ({
      ...old,
      version: old.version + 1,
      unrecognized: new Map<string, JsonValue>([...old.unrecognized, ['x-ragnos-log', forged]]),
    }),
  });
  await expect(
    made
      .open({ audit, staging })
      .then((repository) => repository.publish((draft) => draft.add('x', text('y')))),
  ).rejects.toEqual(
    expect.objectContaining({ code: expect.stringMatching(/^(LOG_|STORE_WENT_BACK)/) as unknown }),
  );
  const { run } = await recover(attacked, { audit });
  expect(await run()).toMatchObject({
    outcome: 'applied',
    rootVersion: 3,
    reset: expect.any(String) as unknown,
  });
  await expectRecovered(attacked);
  const live = parseMetadata(await get(made.storage, 'metadata/timestamp.json'), 'timestamp').signed;
  const head = logHeadOf(live);
  if (head === null) throw new Error('no log');
  expect(await new AuditLog(made.storage).verify(head)).toMatchObject({ ok: true });
  const entries = [];
  for await (const { entry } of new AuditLog(made.storage).entries(head)) entries.push(entry.kind);
  expect(entries.slice(0, 2)).toEqual(['publish', 'root']);
});

test('no reset where none is needed: versions go on, and no host fails', async () => {
  const attacked = await published();
  const { run } = await recover(attacked);
  expect(await run()).toMatchObject({ outcome: 'applied', rootVersion: 3, reset: null });
  await expectRecovered(attacked);
});

test('without the new keys nothing is touched', async () => {
  const attacked = await published();
  const { made } = attacked;
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  const before = await get(made.storage, 'metadata/timestamp.json');
  const { run } = await recover(attacked);
  made.keys.held.set('timestamp', made.keys.of('timestamp').slice(0, 1));
  await expect(run()).rejects.toEqual(code('SIGNATURES_MISSING'));
  expect(await get(made.storage, 'metadata/timestamp.json')).toEqual(before);
});

test('a root that keeps the stolen key resets nothing', async () => {
  const attacked = await published();
  const { made, folder } = attacked;
  await forge(made, {
    timestamp: (old) => ({ ...old, version: last, snapshot: { ...old.snapshot, version: last } }),
  });
  const repository = await made.open({ staging: join(folder, 'staging'), damaged: true });
  const { key } = testSigner();
  const edits = [
    {
      kind: 'keys',
      role: 'targets',
      keys: [...made.keys.of('targets').map((one) => one.key), key],
      threshold: 1,
    } as const,
  ];
  const event = await repository.proposeEvent({
    edits,
    reason: '',
    deadline: new Date(Date.now() + 86_400_000),
  });
  const settings = { ledger: noLedger, now: new Date() };
  const { event: signed } = await signEvent(
    event,
    review(event, { root: made.root }, new Date()),
    made.keys.of('root'),
    settings,
  );
  await expect(
    repository.submitRoot(metadataOf(signed.roles[0] ?? { signed: text(''), signatures: [] })),
  ).rejects.toEqual(code('STORE_WENT_BACK'));
});
