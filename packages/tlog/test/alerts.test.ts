import { describe, expect, test } from 'vitest';
import { alerts, type IndexedEntry, type NewEntry } from '@ragnos/tlog';
import { sample } from './samples.ts';

const [keyA, keyB] = ['a'.repeat(64), 'b'.repeat(64)];
const rules = { windowMs: 3_600_000, formerWindows: 24, factor: 5, minimum: 10 };

function log(
  ...entries: readonly (Partial<NewEntry> & { readonly hour?: number })[]
): readonly IndexedEntry[] {
  return entries.map(({ hour = 0, ...more }, index) => ({
    index,
    entry: { ...sample(hour * 3600, { keyIds: [keyA], ...more }), id: `${index}`, unrecognized: new Map() },
  }));
}

const found = (entries: readonly IndexedEntry[], from = 0): readonly (readonly [string, number])[] =>
  alerts(entries, rules, from).map(({ kind, index }) => [kind, index]);

describe('keys', () => {
  test('the first entry is history', () => expect(found(log({}, {}))).toEqual([]));

  test('a new host for a key, once', () => {
    const entries = log({}, { host: 'laptop' }, { host: 'laptop' }, {});
    expect(found(entries)).toEqual([['new-host', 1]]);
    expect(alerts(entries, rules)[0]).toMatchObject({
      subject: keyA,
      message: `key ${keyA} signed on laptop, so far only on build-1`,
    });
  });

  test('a signer never seen', () => {
    expect(found(log({}, { keyIds: [keyB] }, { keyIds: [keyB] }))).toEqual([['new-signer', 1]]);
  });

  test('a signer that an entry made valid is none, in the same entry too', () => {
    expect(found(log({}, { kind: 'keys', keysAdded: [keyB] }, { keyIds: [keyB] }))).toEqual([]);
    expect(found(log({}, { kind: 'root', keysAdded: [keyB], keyIds: [keyA, keyB] }))).toEqual([]);
  });

  test('what was reported before is left out, and still known', () => {
    expect(found(log({}, { host: 'laptop' }, { host: 'phone' }), 2)).toEqual([['new-host', 2]]);
  });
});

describe('frequency', () => {
  const quiet = Array.from({ length: 48 }, (_, hour) => ({ hour }));
  const burst = (
    count: number,
    more: Partial<NewEntry> = {},
  ): readonly (Partial<NewEntry> & { hour: number })[] =>
    Array.from({ length: count }, () => ({ hour: 48, ...more }));

  test('a burst is unusual, and said once', () => {
    expect(found(log(...quiet, ...burst(30)))).toEqual([['frequency', 48 + 10]]);
    expect(alerts(log(...quiet, ...burst(30)), rules)[0]?.message).toBe(
      'vendor:acme made 11 entries within 60 minutes, usually 1',
    );
  });

  test('the minimum is never unusual', () => expect(found(log(...quiet, ...burst(10)))).toEqual([]));

  test('a former burst does not make the next one usual', () => {
    const again = burst(30).map((one) => ({ ...one, hour: 60 }));
    expect(found(log(...quiet, ...burst(30), ...again))).toEqual([
      ['frequency', 58],
      ['frequency', 48 + 30 + 10],
    ]);
  });

  test('who is always busy is not unusual', () => {
    const busy = Array.from({ length: 48 * 20 }, (_, i) => ({ hour: Math.floor(i / 20) }));
    expect(found(log(...busy, ...burst(60)))).toEqual([]);
  });

  test('each actor by itself; without three former windows nothing is said', () => {
    const other = { actor: { type: 'vendor', name: 'zeta' } } as const;
    expect(found(log(...quiet, ...burst(6), ...burst(6, other)))).toEqual([]);
    expect(found(log(...burst(100)))).toEqual([]);
  });

  test('silence counts: after a quiet month a burst is unusual', () => {
    const late = Array.from({ length: 12 }, () => ({ hour: 24 * 30 }));
    expect(found(log({ hour: 0 }, ...late))).toEqual([['frequency', 11]]);
  });
});
