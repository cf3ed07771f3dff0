/** Decision 13: the entry precedes the commit, and the signed timestamp carries the log's size and head. */
import { read, storageKey } from '@ragnos/storage';
import { alerts, AuditLog, type LogEntry } from '@ragnos/tlog';
import { logHeadOf, type Repository, type RepositoryOptions } from '@ragnos/repository';
import { expect, test } from 'vitest';
import { clientOf, keysIn, tempFolder, text, world, type World } from './world.ts';

const audit: RepositoryOptions['audit'] = {
  actor: { type: 'user', name: 'olga' },
  host: 'desk',
  tool: 'test 1',
};
const path = 'vendors/acme/hello/index.json';

async function logOf(made: World): Promise<readonly LogEntry[]> {
  const { timestamp } = (await clientOf(made)).set;
  const head = timestamp === null ? null : logHeadOf(timestamp);
  if (head === null) return [];
  const log = new AuditLog(made.storage);
  expect(await log.verify(head)).toMatchObject({ findings: [] });
  const entries: LogEntry[] = [];
  for await (const { entry } of log.entries(head)) entries.push(entry);
  return entries;
}

const add = (repository: Repository, at: string, content: string) =>
  repository.publish((draft) => draft.add(at, text(content)));

test('a publish is in the log with who, what and by which keys', async () => {
  const made = await world();
  const repository = await made.open({ audit });
  await add(repository, path, 'one');
  const [entry] = await logOf(made);
  expect(entry).toMatchObject({ kind: 'publish', actor: audit.actor, host: 'desk', tool: 'test 1' });
  expect(entry?.targets?.some).toMatchObject([{ path }]);
  expect(entry?.roles?.some.map(({ name }) => name)).toEqual(['snapshot', 'vendor.acme']);
  expect(entry?.keyIds).toContain(made.keys.of('vendor.acme')[0]?.key.keyId);
});

test('the first entry takes over who may sign already, so that nobody of them is a stranger later', async () => {
  const made = await world();
  const repository = await made.open({ audit });
  await add(repository, path, 'one');
  await add(repository, 'attestations/x/y', 'two');
  await repository.refresh({ force: true });
  const entries = await logOf(made);
  expect(alerts(entries.map((entry, index) => ({ index, entry })))).toEqual([]);
  expect(entries[0]?.keysAdded).toContain(made.keys.of('vendor.acme')[0]?.key.keyId);
  expect(entries[1]?.keysAdded).toBeUndefined();
});

test('what changes delegations, re-signs or says something of itself has its kind', async () => {
  const made = await world();
  const repository = await made.open({ audit });
  const delegation = made.keys.delegation('vendor.new', ['vendors/new/*/*']);
  await repository.editRoles([{ kind: 'add', delegation }]);
  await repository.refresh({ force: true });
  await repository.publish(async (draft) => {
    draft.note({ kind: 'suspension', subject: 'acme' });
    await draft.add('catalog/acme.json', text('suspended'));
  });
  const entries = await logOf(made);
  expect(entries.map(({ kind }) => kind)).toEqual(['delegation', 'refresh', 'suspension']);
  expect(entries.at(-1)).toMatchObject({ subject: 'acme' });
});

test('a refusal waits for the next commit, and is in the log then', async () => {
  const made = await world();
  const repository = await made.open({ audit });
  await add(repository, path, 'one');
  await expect(add(repository, path, 'two')).rejects.toMatchObject({ code: 'PATH_IMMUTABLE' });
  await add(repository, 'vendors/acme/hello/other', 'x');
  const entries = await logOf(made);
  expect(entries.map(({ kind, code }) => [kind, code])).toEqual([
    ['publish', undefined],
    ['refusal', 'PATH_IMMUTABLE'],
    ['publish', undefined],
  ]);
});

test('once there is a log, nobody publishes past it', async () => {
  const made = await world();
  await add(await made.open({ audit }), path, 'one');
  await add(await made.open(), 'vendors/acme/hello/other', 'x');
  expect(await logOf(made)).toHaveLength(2);
});

test('publishers that race leave one log without gaps, and no head of a lost try', async () => {
  const made = await world();
  const repositories = await Promise.all(Array.from({ length: 6 }, () => made.open({ audit })));
  await Promise.all(repositories.map((repository, index) => add(repository, `${path}.${index}`, 'x')));
  const entries = await logOf(made);
  const paths = entries.flatMap((entry) => entry.targets?.some.map((target) => target.path) ?? []);
  expect(paths.toSorted()).toEqual(Array.from({ length: 6 }, (_, index) => `${path}.${index}`));
  const { timestamp } = (await clientOf(made)).set;
  const needed = await new AuditLog(made.storage).needs(
    (timestamp === null ? null : logHeadOf(timestamp)) ?? { size: 0, root: '' },
  );
  const heads = (await keysIn(made.storage, 'log/head/')).filter((key) => !needed(key));
  expect(heads.length).toBeLessThan(6); // swallowed by later ones; none of a try that lost is left
});

test('a timestamp whose log shrank, although properly signed, is refused by the door that saw more', async () => {
  const staging = await tempFolder();
  const made = await world({ staging });
  const door = await made.open({ audit });
  await add(door, path, 'one');
  await add(door, `${path}.2`, 'two');
  const stranger = await world({ keys: made.keys }); // the same keys, stolen: a history of its own, of three commits
  const thief = await stranger.open();
  for (const number of [1, 2, 3]) await add(thief, `${path}.${number}`, 'x');
  for (const key of await keysIn(stranger.storage, 'metadata/')) {
    if (/\/\d+\.root\.json$/.test(key)) continue;
    await copy(stranger, made, key);
  }
  await expect(made.open({ audit })).rejects.toMatchObject({ code: 'STORE_WENT_BACK' });
});

async function copy(from: World, to: World, raw: string): Promise<void> {
  const key = storageKey(raw);
  const found = await read(from.storage, key, { maxLength: 1_000_000 });
  const there = await to.storage.head(key);
  if (found === null) return;
  if (there === null) await to.storage.putIfAbsent(key, found.bytes, {});
  else await to.storage.compareAndSwap(key, found.bytes, {}, there.etag);
}
