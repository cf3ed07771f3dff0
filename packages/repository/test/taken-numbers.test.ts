/** Work that is done ahead is of no use where a number turns out to be taken; and what the journal of a dead publisher says. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditLog } from '@ragnos/tlog';
import { logHeadOf } from '@ragnos/repository';
import { storageKey, type Storage } from '@ragnos/storage';
import { expect, test } from 'vitest';
import { clientOf, keysIn, tempFolder, text, world } from './world.ts';

const audit = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' } as const;
const path = 'vendors/acme/hello/a';

/** Somebody else is faster, once, with the first file whose name ends so. */
function overtaken(storage: Storage, ending: string): Storage {
  let left = 1;
  return {
    ...storage,
    putIfAbsent: async (key, body, meta, options) => {
      if (key.endsWith(ending) && left-- > 0) await storage.putIfAbsent(key, text('of somebody else'));
      return storage.putIfAbsent(key, body, meta, options);
    },
  };
}

test.each(['.vendor.acme.json', '.snapshot.json'])(
  'a number of %s that is taken at the last moment: all is signed and staged for the next one',
  async (ending) => {
    const made = await world();
    const before = (await clientOf(made)).set.snapshot;
    const repository = await made.open({ storage: overtaken(made.storage, ending), audit });
    await repository.publish((draft) => draft.add(path, text('artifact')));
    const client = await clientOf(made);
    const { snapshot, timestamp } = client.set;
    expect(await client.read(path)).toBe('artifact');
    await client.readAll();
    expect([...(snapshot?.meta.keys() ?? [])]).toEqual([...(before?.meta.keys() ?? [])]);
    const head = timestamp === null ? null : logHeadOf(timestamp);
    if (snapshot === null || head === null) throw new Error('no log');
    const log = new AuditLog(made.storage);
    expect(await log.verify(head)).toMatchObject({ findings: [] });
    const lines: unknown[] = [];
    for await (const { entry } of log.entries(head)) lines.push(entry.roles?.some);
    expect(lines.at(-1)).toMatchObject([
      { name: 'snapshot', after: { version: snapshot.version } },
      { name: 'vendor.acme', after: { version: ending === '.snapshot.json' ? 2 : 3 } },
    ]);
    expect(await keysIn(made.storage, 'log/head/')).toHaveLength(1); // what was staged for the other number is gone
  },
);

test('the journal of a dead publisher: whole lines count, a torn one and others do not', async () => {
  const staging = await tempFolder();
  const made = await world({ staging });
  const [lost, torn, changed] = [
    'metadata/7.catalog.json',
    'metadata/8.catalog.json',
    'metadata/9.catalog.json',
  ];
  const digest = createHash('sha256').update('left behind').digest('hex');
  for (const key of [lost, torn, changed])
    await made.storage.putIfAbsent(storageKey(key), text(key === changed ? 'of somebody' : 'left behind'));
  const version = (await clientOf(made)).set.timestamp?.version;
  const line = (...items: readonly unknown[]): string => `\n${JSON.stringify(items)}`;
  const journal = join(staging, 'journal');
  await mkdir(journal, { recursive: true });
  await writeFile(join(journal, '1-dead.lock'), '');
  await writeFile(
    join(journal, '1-dead.jsonl'),
    `${line('0011223344556677', version, torn, digest).slice(0, -20)}${line('0011223344556677', version, lost, digest)}${line('0011223344556677', version, changed, digest)}${line(1, 2)}\n{"id":"x"}`,
  );
  await made.open();
  const left = await keysIn(made.storage, 'metadata/');
  expect(left).not.toContain(lost);
  expect(left).toEqual(expect.arrayContaining([torn, changed]));
  expect(await readdir(journal)).toEqual([]);
});
