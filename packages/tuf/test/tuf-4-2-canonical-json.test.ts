import { canonicalJson, parseJson, parseMetadata, type JsonOutput, type JsonValue } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, codeOf } from './world.ts';

const text = (value: JsonOutput): string => new TextDecoder().decode(canonicalJson(value));

describe('canonical JSON', () => {
  const written: readonly (readonly [JsonOutput, string])[] = [
    [null, 'null'],
    [true, 'true'],
    [-0, '0'],
    [9_007_199_254_740_991, '9007199254740991'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['line\nend\u0000\u007f', '"line\nend\u0000\u007f"'],
    [{ b: 1, a: [1, { d: 2, c: 3 }] }, '{"a":[1,{"c":3,"d":2}],"b":1}'],
    [{ 10: 1, 9: 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
    [
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
      '{"a":2,"b":1}',
    ],
    [[new Map([['a', { c: 1 }]])], '[{"a":{"c":1}}]'],
    [{ '\u{1f600}': 1, '\uff5e': 2 }, '{"\uff5e":2,"\u{1f600}":1}'], // by code point: tuf-js has it the other way round
    [{ '\uff5e': 2, '\u{1f600}': 1 }, '{"\uff5e":2,"\u{1f600}":1}'],
    [{ a: '\u{1f600}', b: 'é' }, '{"a":"\u{1f600}","b":"é"}'],
    [{}, '{}'],
    [[], '[]'],
  ];
  for (const [value, expected] of written)
    test(`${JSON.stringify(expected)} is written`, () => expect(text(value)).toBe(expected));

  test('a member that is undefined is no member', () => {
    const value: Record<string, JsonOutput> = { b: 1, a: 2 };
    Reflect.set(value, 'b', undefined);
    expect(text(value)).toBe('{"a":2}');
  });

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)])('%d is refused', (number) => {
    expect(codeOf(() => canonicalJson(number))).toBe('MALFORMED');
    expect(codeOf(() => canonicalJson({ a: [number] }))).toBe('MALFORMED');
  });

  test('a lone surrogate is refused, in values and in names', () => {
    expect(codeOf(() => canonicalJson('\ud800'))).toBe('MALFORMED');
    expect(codeOf(() => canonicalJson({ a: '\udfff' }))).toBe('MALFORMED');
    expect(codeOf(() => canonicalJson({ '\ud800': 1 }))).toBe('MALFORMED');
  });
});

const names = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '10', '9'),
);
const leaf = fc.oneof(
  fc.maxSafeInteger().map((n) => n || 0),
  fc.boolean(),
  fc.constant(null),
  names,
);
const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members)),
  ),
})).value;

/** Canonical JSON leaves control characters as they are, JSON does not. */
const escaped = (bytes: Uint8Array): Uint8Array =>
  bytesOf(
    new TextDecoder('utf-8', { ignoreBOM: true })
      .decode(bytes)
      .replace(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1)),
  );

/** In other order and with white space. */
function shuffled(value: JsonValue): string {
  if (Array.isArray(value)) return `[ ${value.map(shuffled).join(' ,\n')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .toReversed()
    .map(([k, v]) => `${JSON.stringify(k)} :\t${shuffled(v)}`)
    .join(',')} }`;
}

describe('properties', () => {
  test('what is read back is what was written', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseJson(escaped(canonicalJson(value)), 'x')).toEqual(value);
      }),
    );
  });

  test('order and white space do not matter', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(text(parseJson(bytesOf(shuffled(value)), 'x'))).toBe(text(value));
      }),
    );
  });

  test('a map is written as the object with its members', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, json)), (members) => {
        expect(text(new Map(members))).toBe(text(Object.fromEntries(members)));
      }),
    );
  });

  test('a key that stands twice anywhere is refused', () => {
    fc.assert(
      fc.property(json, names, json, (value, name, twin) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(twin)}`;
        const twice = `{${member},${JSON.stringify(`${name}x`)}:[${JSON.stringify(value)},{${member}}],${member}}`;
        expect(codeOf(() => parseJson(bytesOf(twice), 'x'))).toBe('MALFORMED');
      }),
    );
  });

  test('what was signed is the canonical form, wherever the file has it in that form already and wherever not', () => {
    const named = fc.oneof(
      names,
      fc.constantFrom('signed', 'signatures', '10', '9', '', '\uff5e', '\u{1f600}'),
    );
    const signed = fc.dictionary(named, json).map((rest) => ({
      ...rest,
      _type: 'targets',
      spec_version: '1.0.34',
      version: 1,
      expires: '2040-01-01T00:00:00Z',
      targets: {},
      delegations: undefined,
    }));
    fc.assert(
      fc.property(signed, fc.boolean(), (value, ordered) => {
        const part = JSON.stringify(value);
        const parsed = parseJson(bytesOf(part), 'x');
        const canonical = new TextDecoder().decode(canonicalJson(parsed));
        // Canonical JSON leaves control characters as they are, which JSON refuses: such a file cannot be canonical.
        const inside = ordered && !/\p{Cc}/u.test(canonical) ? canonical : part;
        for (const file of [
          `{"signatures":[],"signed":${inside}}`,
          `{"signatures":[],"signed":${inside}}\n`,
          `{"signed":${inside},"signatures":[]}`,
          `{"signatures":[],"signed":${inside},"x":{}}`,
          `{"signatures":[], "signed":${inside}}`,
        ])
          expect(parseMetadata(bytesOf(file), 'targets').signedBytes).toEqual(
            new Uint8Array(canonicalJson(parsed)),
          );
      }),
    );
  });
});
