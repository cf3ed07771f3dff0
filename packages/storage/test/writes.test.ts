import { describe, expect, test } from 'vitest';
import { storageKey } from '@ragnos/storage';
import { fateOf, SeenWrites, writesField, writesMax, writesOf } from '../src/object/writes.ts';

const ids = Array.from({ length: 40 }, (_, i) => i.toString(16).padStart(16, '0'));
const newestFirst = (from: number, to: number): readonly string[] => ids.slice(from, to).toReversed();

test('the field is bounded, and read back', () => {
  const field = ids.reduce<string>(
    (before, id) => writesField(id, writesOf(before === '' ? undefined : before)),
    '',
  );
  expect(writesOf(field)).toEqual(newestFirst(24, 40));
  expect(writesOf(field)).toHaveLength(writesMax);
  expect(field.length).toBeLessThan(300); // S3 keeps 2 KB of all metadata
});
test('what somebody else put there is no history', () => {
  for (const field of [undefined, '', 'x', `${ids[0]},`, ids.slice(0, writesMax + 1).join(',')])
    expect(writesOf(field)).toEqual([]);
});

describe('fate of write 5 on top of 4', () => {
  const fate = (now: readonly string[], before = newestFirst(0, 5)) => fateOf(ids[5] ?? '', now, before);
  test('it is the newest', () => expect(fate(newestFirst(0, 6))).toBe('written'));
  test('others came on top of it', () => expect(fate(newestFirst(0, 12))).toBe('written'));
  test('another came on top of 4', () => expect(fate([ids[30] ?? '', ...newestFirst(0, 5)])).toBe('lost'));
  test('so many came that 4 is not to be seen any more', () =>
    expect(fate(newestFirst(20, 36))).toBe('unknown'));
  test('it is gone, or was written by something else', () => expect(fate([])).toBe('unknown'));
  test('nothing was there before, and one other is now', () => expect(fate([ids[7] ?? ''], [])).toBe('lost'));
  test('nothing was there before, and many others were since', () =>
    expect(fate(newestFirst(10, 26), [])).toBe('unknown'));
});

test('seen: only with the same etag, and not without bound', () => {
  const seen = new SeenWrites();
  const key = storageKey('k');
  seen.remember(key, 'e1', ['a']);
  expect(seen.of(key, 'e1')).toEqual(['a']);
  expect(seen.of(key, 'e2')).toBeNull();
  for (let i = 0; i < 300; i++) seen.remember(storageKey(`other/${i}`), 'e', []);
  expect(seen.of(key, 'e1')).toBeNull();
  expect(seen.of(storageKey('other/299'), 'e')).toEqual([]);
});
