import { describe, expect, test } from 'vitest';
import { packValue, unpackValue } from '../../src/load/runner/values.ts';

describe('a value of a call', () => {
  test('comes out as JSON has it, with its bytes in their places', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const value = { when: new Date(0), list: [undefined, bytes], left: undefined };
    const { packed, bytes: beside } = packValue(value);
    const arrived: unknown = JSON.parse(JSON.stringify(packed));
    const out = typeof arrived === 'object' && arrived !== null ? unpackValue(arrived, beside ?? null) : null;
    expect(out).toEqual({ when: '1970-01-01T00:00:00.000Z', list: [null, bytes] });
  });

  const none: Readonly<Record<string, unknown>> = {
    'a function': () => 1,
    'a symbol in a list': [Symbol('x')],
    'a big number': { a: 1n },
    'what says that it is a big number': { a: { toJSON: () => 1n } },
    'what says that it is a function': { toJSON: () => () => 1 },
  };
  test.each(Object.entries(none))('%s is no JSON', (_, value) =>
    expect(() => packValue(value)).toThrow(/ is no JSON/),
  );

  test('that holds itself is nested too deeply', () => {
    const own: Record<string, unknown> = {};
    own['own'] = own;
    expect(() => packValue(own)).toThrow(/nested more than/);
  });
});
