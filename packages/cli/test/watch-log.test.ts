import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, headToJson, restartedHead, type LogHead, type NewEntry } from '@ragnos/tlog';
import type { Timestamp } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { Options, type Context } from '../src/command.ts';
import type { Alert } from '../src/doctor/alert.ts';
import { logWatcher } from '../src/doctor/watch-log.ts';
import { Voice } from '../src/voice.ts';
import type { Vault } from '../src/vault/vault.ts';

/** A vault as far as the watcher looks at it: a store, and the timestamp in it. */
function vaultOn(storage: Storage, head: () => LogHead): Vault {
  const timestamp = (): Promise<Timestamp> =>
    Promise.resolve({
      type: 'timestamp',
      specVersion: '1.0.34',
      version: 1,
      expires: new Date(0),
      snapshot: { version: 1, length: null, hashes: null, unrecognized: new Map() },
      unrecognized: new Map([['x-ragnos-log', headToJson(head())]]),
    });
  const vault: unknown = {
    folder: mkdtempSync(join(tmpdir(), 'ragv-watch-log-')),
    storage,
    repository: { timestamp },
  };
  return vault as Vault; // what is not here is not used
}

/** A watcher, and the alerts that it has sent. */
function watching(): { readonly look: ReturnType<typeof logWatcher>; readonly sent: readonly Alert[] } {
  const sent: Alert[] = [];
  const context: Context = {
    voice: new Voice({ json: false, quiet: true }),
    signal: new AbortController().signal,
    args: [],
    options: new Options({}),
    dryRun: false,
  };
  const look = logWatcher(context, (alert) => {
    sent.push(alert);
    return Promise.resolve(null);
  });
  return { look, sent };
}

test('a key that signs on another machine raises an alert, once; what was there before raises none', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  let head = emptyHead;
  const add = async (host: string): Promise<void> => {
    const staged = await log.stage(head, [
      {
        kind: 'publish',
        time: new Date('2030-01-01T00:00:00Z'),
        actor: { type: 'user', name: 'olga' },
        host,
        tool: 'test',
        keyIds: ['ab'.repeat(32)],
      },
    ]);
    head = staged.head;
    await log.settle(staged);
  };
  const { look, sent } = watching();
  const vault = vaultOn(storage, () => head);
  await add('desk');
  await add('elsewhere');
  await look(vault); // history
  expect(sent).toEqual([]);
  await add('desk');
  await look(vault);
  expect(sent).toEqual([]);
  await add('far-away');
  await look(vault);
  await look(vault);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ kind: 'trouble', trouble: 'unusual' });
  expect(sent[0]?.text).toContain('signed on far-away');
});

test('a log that was begun anew raises an alert, once, and what is unusual in it is looked at', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const entry: NewEntry = {
    kind: 'publish',
    time: new Date('2030-01-01T00:00:00Z'),
    actor: { type: 'user', name: 'olga' },
    host: 'desk',
    tool: 'test',
  };
  const first = (await log.stage(emptyHead, [entry, entry])).head;
  let head = first;
  const { look, sent } = watching();
  const vault = vaultOn(storage, () => head);
  await look(vault);
  const lost = { ...first, time: entry.time, by: 'olga@desk', reason: 'fire' };
  head = (await log.stage(restartedHead(first), [{ ...entry, kind: 'restart', lost }])).head;
  await look(vault);
  await look(vault);
  expect(sent.map(({ text }) => text)).toEqual([
    'the audit log was restarted at 2030-01-01T00:00:00.000Z: 2 entries before it are lost; olga@desk: fire',
  ]);
});
