import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { storageKey, type ListedObject } from '@ragnos/storage';
import { inByteOrder } from '../src/object/order.ts';

async function ordered(names: readonly string[]): Promise<readonly string[]> {
  const listing = async function* (): AsyncGenerator<ListedObject> {
    for (const name of names) yield { key: storageKey(name), size: 0, modified: new Date(0) };
  };
  const result: string[] = [];
  for await (const { key } of inByteOrder(listing())) result.push(key);
  return result;
}

const byBytes = (names: readonly string[]): readonly string[] =>
  names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const byUnits = (names: readonly string[]): readonly string[] => names.toSorted();

const piece = fc.constantFrom('a', 'b', '-', 'ü', 'ｚ', '😀', '\ue000', '\uffee', '𐀀');
const segment = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
const name = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/').normalize('NFC'));

test('whichever of the two orders comes in, that of bytes goes out', () =>
  fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 30 }), async (names) => {
      expect(await ordered(byUnits(names))).toEqual(byBytes(names));
      expect(await ordered(byBytes(names))).toEqual(byBytes(names));
    }),
  ));
