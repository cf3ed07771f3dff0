/** The key of timestamp is stolen and the audit log is lost: its new key and the restart are two steps, in either order. */
import { join } from 'node:path';
import {
  logHeadOf,
  noLedger,
  signEvent,
  watchWrites,
  type AppliedEvent,
  type AuditOptions,
  type Repository,
  type SigningEvent,
} from '@ragnos/repository';
import { storageKey } from '@ragnos/storage';
import { AuditLog, headToJson, type LogHead } from '@ragnos/tlog';
import { logRestarts } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { forge, last, published, type Attacked } from './thief.ts';
import { clientOf, keysIn, testSigner, text } from './world.ts';

const audit: AuditOptions = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const deadline = new Date(Date.now() + 86_400_000);
const add = (repository: Repository, name: string) =>
  repository.publish((draft) => draft.add(name, text(name)));

/** A log of three entries, of which a host knows; then the part of it that is gone: from entry `from` on. */
async function robbed(from: number): Promise<Attacked> {
  const attacked = await published();
  const repository = await open(attacked);
  for (const name of ['one', 'two', 'three']) await add(repository, name);
  await attacked.host();
  const { storage } = attacked.made;
  for (const key of await keysIn(storage, 'log/'))
    if (Number(/head\/(\d+)-/.exec(key)?.[1] ?? last) > from) await storage.delete(storageKey(key));
  return attacked;
}

const open = ({ made, folder }: Attacked, options: Parameters<typeof made.open>[0] = {}) =>
  made.open({ audit, staging: join(folder, 'staging'), damaged: true, ...options });

async function signed(repository: Repository, { made }: Attacked, event: SigningEvent) {
  const seen = await repository.reviewEvent(event);
  const settings = { ledger: noLedger, now: made.now };
  return (await signEvent(event, seen, made.keys.of('root'), settings)).event;
}

async function revoke(
  attacked: Attacked,
  options: Parameters<Attacked['made']['open']>[0] = {},
): Promise<AppliedEvent> {
  const { keys } = attacked.made;
  const fresh = testSigner();
  keys.held.set('timestamp', [...keys.of('timestamp'), fresh]);
  const repository = await open(attacked, options);
  const edit = { kind: 'keys', role: 'timestamp', keys: [fresh.key], threshold: 1 } as const;
  const event = await repository.proposeEvent({ edits: [edit], reason: 'stolen', deadline });
  const applied = await repository.applyEvent(await signed(repository, attacked, event));
  keys.held.set('timestamp', [fresh]);
  return applied;
}

async function restart(
  attacked: Attacked,
  options: Parameters<Attacked['made']['open']>[0] = {},
): Promise<unknown> {
  const repository = await open(attacked, options);
  const event = await repository.proposeLogRestart({ reason: 'the disk died', deadline });
  return event === null
    ? repository.completeLogRestart()
    : repository.applyEvent(await signed(repository, attacked, event));
}

async function signedLog({ made }: Attacked): Promise<LogHead> {
  const { timestamp } = (await clientOf(made)).set;
  const head = timestamp === null ? null : logHeadOf(timestamp);
  if (head === null) throw new Error('no log');
  return head;
}

/** Publishing goes on, the host that remembers follows, and the log says `kinds` from its beginning on. */
async function expectGoesOn(attacked: Attacked, kinds: readonly string[]): Promise<void> {
  const { made, host } = attacked;
  await add(await open(attacked), 'four');
  const { set } = await clientOf(made);
  const updater = await host();
  expect(updater.trusted.timestamp?.version).toBe(set.timestamp?.version);
  expect(await updater.find('four')).not.toBeNull();
  const head = await signedLog(attacked);
  const log = new AuditLog(made.storage);
  const found = (await Array.fromAsync(log.entries(head))).map(({ entry }) => entry.kind);
  expect(found).toEqual(kinds);
  const { findings } = await log.verify(head, { lost: logRestarts(set.root) });
  expect(findings.map((finding) => finding.code)).toEqual(kinds[0] === 'restart' ? ['LOG_RESTARTED'] : []);
}

test.each([
  ['all of it', 0],
  ['its end', 2],
])('the new key first, where the log has lost %s', async (_what, from) => {
  const attacked = await robbed(from);
  const applied = await revoke(attacked);
  expect(applied).toMatchObject({ outcome: 'applied', rootVersion: 3, logLost: from === 0 });
  expect(applied).toHaveProperty('reset', 'there is no audit log of 3 entries');
  if (from > 0) return expectGoesOn(attacked, ['publish', 'publish', 'root', 'publish']); // what is left is gone on with
  await attacked.host();
  await expect(add(await open(attacked), 'four')).rejects.toEqual(code('LOG_MISSING'));
  await restart(attacked);
  return expectGoesOn(attacked, ['restart', 'root', 'publish']);
});

test.each([
  ['all of it', 0],
  ['its end', 2],
])('the restart first, where the log has lost %s', async (_what, from) => {
  const attacked = await robbed(from);
  await restart(attacked);
  expect(await revoke(attacked)).toMatchObject({ outcome: 'applied', reset: null, logLost: false });
  await expectGoesOn(attacked, ['restart', 'root', 'root', 'publish']);
});

test.each([
  ['all of it', 0],
  ['its end', 2],
])('the restart first, of a log that has lost %s, and killed after its root', async (_what, from) => {
  const attacked = await robbed(from);
  const storage = watchWrites(attacked.made.storage, ({ key }) => {
    if (key.startsWith('log/')) throw new Error('killed');
  });
  await expect(restart(attacked, { storage })).rejects.toThrow('killed');
  expect(await revoke(attacked)).toMatchObject({ outcome: 'applied', logLost: false });
  await expectGoesOn(attacked, ['restart', 'root', 'root', 'publish']); // the entry was there; who has a log does not begin it anew
});

test.each([
  ['an operator who was there', 'staging'],
  ['an operator who never was', 'elsewhere'],
])(
  'a log that was given up long ago is signed once more: the one after it stays, for %s',
  async (_who, place) => {
    const attacked = await robbed(0);
    const { made, folder } = attacked;
    const lost = await signedLog(attacked);
    await restart(attacked);
    for (const name of ['five', 'six']) await add(await open(attacked), name);
    await attacked.host();
    await forge(made, {
      timestamp: (old) => ({
        ...old,
        version: old.version + 1,
        unrecognized: new Map([...old.unrecognized, ['x-ragnos-log', headToJson(lost)]]),
      }),
    });
    await expect(attacked.host()).rejects.toEqual(code('LOG_WENT_BACK'));
    const applied = await revoke(attacked, { staging: join(folder, place) });
    expect(applied).toMatchObject({ outcome: 'applied', logLost: false });
    await expectGoesOn(attacked, ['restart', 'root', 'publish', 'publish', 'root', 'publish']);
  },
);

test('the thief used all versions up: the new key first', async () => {
  const attacked = await robbed(0);
  await useUp(attacked);
  expect(await revoke(attacked)).toMatchObject({ outcome: 'applied', logLost: true });
  await restart(attacked);
  await expectGoesOn(attacked, ['restart', 'root', 'publish']);
});

test('the thief used all versions up: the restart first, which the new key completes', async () => {
  const attacked = await robbed(0);
  await useUp(attacked);
  await expect(restart(attacked)).rejects.toEqual(code('TOO_LARGE'));
  expect(await revoke(attacked)).toMatchObject({ outcome: 'applied', logLost: false });
  await expectGoesOn(attacked, ['restart', 'root', 'publish']);
});

async function useUp({ made, host }: Attacked): Promise<void> {
  await forge(made, { timestamp: (old) => ({ ...old, version: last }) });
  await host(); // it cannot tell
}
