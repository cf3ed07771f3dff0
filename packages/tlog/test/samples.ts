import type { AuditLog, LogHead, NewEntry, Staged } from '@ragnos/tlog';
import { storageKey, type Storage } from '@ragnos/storage';

export const start = new Date('2026-11-21T10:00:00.000Z');

/** An entry like those of a publish: about 600 bytes. */
export function sample(at: number, more: Partial<NewEntry> = {}): NewEntry {
  return {
    time: new Date(start.getTime() + at * 1000),
    kind: 'publish',
    actor: { type: 'vendor', name: 'acme' },
    host: 'build-1',
    tool: 'ragv 0.1.0',
    keyIds: [`${at % 10}`.repeat(64)],
    ...more,
  };
}

/** Stage, commit and settle as the only publisher. */
export async function append(
  log: AuditLog,
  head: LogHead,
  ...entries: readonly [NewEntry, ...NewEntry[]]
): Promise<LogHead> {
  const staged = await log.stage(head, entries);
  await log.settle(staged);
  return staged.head;
}

/** Heads after 0, 1, 2, … commits of the given sizes. */
export async function grown(
  log: AuditLog,
  from: LogHead,
  sizes: readonly number[],
): Promise<readonly LogHead[]> {
  const heads = [from];
  let head = from;
  for (const size of sizes) {
    const [first, ...rest] = Array.from({ length: size }, (_, i) => sample(head.size + i));
    if (first === undefined) continue;
    head = await append(log, head, first, ...rest);
    heads.push(head);
  }
  return heads;
}

export async function keysBelow(storage: Storage, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

export async function discard(storage: Storage, { files }: Staged): Promise<void> {
  for (const key of files.keys()) await storage.delete(key);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What is stored under a key becomes `bytes`, as whoever owns the store could do; `null` deletes it. */
export async function overwrite(storage: Storage, key: string, bytes: Uint8Array | null): Promise<void> {
  await storage.delete(storageKey(key));
  if (bytes !== null) await storage.putIfAbsent(storageKey(key), bytes);
}

/** What gc would remove if it had no grace. */
export async function sweep(storage: Storage, log: AuditLog, head: LogHead): Promise<void> {
  const needs = await log.needs(head);
  for (const key of await keysBelow(storage, 'log/')) if (!needs(key)) await storage.delete(storageKey(key));
}
