import { parseMetadata, type JsonOutput, type SignedType } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { bytesOf, codeOf, envelope, type Json } from './world.ts';

export const absent = Symbol('absent');

/** Refused as `type`: the good part with these members instead, or without them. */
export function table(
  type: SignedType,
  good: Json,
  cases: Readonly<Record<string, Readonly<Record<string, JsonOutput | typeof absent>>>>,
): void {
  test('the good one is read', () => {
    expect(parseMetadata(envelope(good, []), type).signed.type).toBe(type);
  });
  for (const [name, change] of Object.entries(cases))
    test(`${name} is refused`, () => {
      const signed: Record<string, JsonOutput> = { ...good };
      for (const [member, value] of Object.entries(change))
        if (typeof value === 'symbol') Reflect.deleteProperty(signed, member);
        else signed[member] = value;
      expect(codeOf(() => parseMetadata(bytesOf(JSON.stringify({ signed, signatures: [] })), type))).toBe(
        'MALFORMED',
      );
    });
}
