import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DerError, DerReader, integer, octetString, oid, sequence } from '../src/file/der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const reader = (text: string): DerReader => new DerReader(Buffer.from(text, 'hex'));

test('integers as X.690 writes them', () => {
  const known: Record<string, number> = {
    '020100': 0,
    '020101': 1,
    '02017f': 127,
    '02020080': 128,
    '020200ff': 255,
    '02020100': 256,
    '02024000': 16_384,
    '02071fffffffffffff': Number.MAX_SAFE_INTEGER,
  };
  for (const [der, n] of Object.entries(known)) expect(hex(integer(n))).toBe(der);
  for (const n of [-1, 0.5, NaN, 2 ** 53]) expect(() => integer(n)).toThrow(DerError);
});

test('integers come back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (n) => {
      const read = new DerReader(integer(n));
      expect(read.integer()).toBe(n);
      read.end();
    }),
  );
});

test('octet strings of every length come back, with the shortest header', () => {
  const length = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536));
  fc.assert(
    fc.property(length, (length) => {
      const der = octetString(new Uint8Array(length).fill(7));
      const header = length < 128 ? 2 : length < 256 ? 3 : length < 65_536 ? 4 : 5;
      expect(der.length).toBe(header + length);
      expect(new DerReader(der).octetString().length).toBe(length);
    }),
  );
});

test('nested sequences come back', () => {
  const tree = fc.letrec<{ node: readonly unknown[]; leaf: number }>((tie) => ({
    node: fc.array(fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('node')), { maxLength: 4 }),
    leaf: fc.nat(),
  })).node;
  const write = (node: unknown): Uint8Array =>
    Array.isArray(node) ? sequence(...node.map(write)) : integer(Number(node));
  const read = (from: DerReader, like: unknown): unknown => {
    if (!Array.isArray(like)) return from.integer();
    const inner = from.sequence();
    const children = like.map((child) => read(inner, child));
    inner.end();
    return children;
  };
  fc.assert(
    fc.property(tree, (node) => {
      expect(read(new DerReader(write(node)), node)).toEqual(node);
    }),
  );
});

test('object identifiers are their content', () => {
  expect(hex(oid('2a864886f70d01050d'))).toBe('06092a864886f70d01050d');
  expect(reader('06092a864886f70d01050d').oid()).toBe('2a864886f70d01050d');
});

describe('refused', () => {
  const integers: Record<string, string> = {
    negative: '0201ff',
    empty: '0200',
    'with a needless zero': '02020001',
    'longer than 53 bits can be': '020801ffffffffffffff',
    'another type': '040101',
    'cut off': '0202',
    'length cut off': '0282',
    nothing: '',
  };
  for (const [name, der] of Object.entries(integers))
    test(`an integer that is ${name}`, () => expect(() => reader(der).integer()).toThrow(DerError));

  const strings: Record<string, string> = {
    'of indefinite length': '04800000',
    'with a length in a needlessly long form': '04817f',
    'with a length with leading zeros': `0482007f${'00'.repeat(127)}`,
    'longer than its surroundings': '040500',
    'of 2^32 bytes': '0485010000000000',
  };
  for (const [name, der] of Object.entries(strings))
    test(`an octet string ${name}`, () => expect(() => reader(der).octetString()).toThrow(DerError));

  test('what is left over', () => {
    expect(() => reader('0500').end()).toThrow(DerError);
  });
});

test('any bytes at all: a value or a DerError, never anything else', () => {
  const steps = ['integer', 'octetString', 'oid', 'sequence'] as const;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...steps), (bytes, step) => {
      expect(outcome(() => new DerReader(bytes)[step]())).toMatch(/^(value|DerError)$/);
    }),
    { numRuns: 2000 },
  );
});

function outcome(read: () => unknown): string {
  try {
    read();
    return 'value';
  } catch (error) {
    return error instanceof Error ? error.name : 'nonsense';
  }
}
