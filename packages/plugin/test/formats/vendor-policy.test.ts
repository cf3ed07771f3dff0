import {
  defaultVendorLimits,
  defaultVendorRules,
  parseVendorPolicy,
  serializeVendorPolicy,
  vendorName,
  type VendorPolicy,
} from '@ragnos/plugin';
import { array, assert, integer, property, record, string, stringMatching, uniqueArray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acme, withMember } from './samples.ts';

const policy: VendorPolicy = new Map([
  [acme, { ...defaultVendorRules, requires: ['sbom', 'provenance'], maxLifeDays: 30 }],
  [vendorName('zeta'), defaultVendorRules],
]);
const bytes = serializeVendorPolicy(policy);

test('what is written is read back the same, and the same content gives the same bytes', () => {
  expect(parseVendorPolicy(bytes)).toEqual(policy);
  expect(serializeVendorPolicy(new Map([...policy].toReversed()))).toEqual(bytes);
  expect(parseVendorPolicy(serializeVendorPolicy(new Map()))).toEqual(new Map());
});

test('the defaults are ones that can be written down', () =>
  expect(parseVendorPolicy(serializeVendorPolicy(new Map([[acme, defaultVendorRules]]))).get(acme)).toEqual({
    requires: [],
    limits: defaultVendorLimits,
    maxLifeDays: 400,
  }));

test('property: any rules within the bounds come back', () => {
  const size = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const rules = record({
    requires: array(string({ maxLength: 64 }).filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text))),
    limits: record({
      artifactBytes: size,
      totalBytes: size,
      publishesPerHour: integer({ min: 0, max: 1000 }),
      versions: size,
    }),
    maxLifeDays: integer({ min: 1, max: 3650 }),
  });
  const names = uniqueArray(stringMatching(/^[a-z][a-z0-9]{3,20}$/), { maxLength: 4 });
  assert(
    property(names, rules, (vendors, one) => {
      const given: VendorPolicy = new Map(
        vendors.filter((name) => isVendor(name)).map((name) => [vendorName(name), one]),
      );
      expect(parseVendorPolicy(serializeVendorPolicy(given))).toEqual(given);
    }),
  );
});

test('rules that could not be read are not written', () => {
  for (const rules of [
    { ...defaultVendorRules, maxLifeDays: 0 },
    { ...defaultVendorRules, limits: { ...defaultVendorLimits, publishesPerHour: 1001 } },
  ])
    expect(() => serializeVendorPolicy(new Map([[acme, rules]]))).toThrow(
      expect.objectContaining({ code: 'BAD_FORMAT' }),
    );
});

function isVendor(name: string): boolean {
  try {
    return vendorName(name) === name;
  } catch {
    return false;
  }
}

const bad: Readonly<Record<string, readonly [path: readonly (string | number)[], value: unknown]>> = {
  'another format': [['format'], 'ragnos-vendors/2'],
  'no vendors': [['vendors'], undefined],
  'vendors as a list': [['vendors'], []],
  'a vendor of a role': [['vendors', 'root'], {}],
  'a vendor that climbs': [['vendors', '..'], {}],
  'no rules': [['vendors', 'acme'], {}],
  'rules without gates': [['vendors', 'acme', 'requires'], undefined],
  'gates as text': [['vendors', 'acme', 'requires'], 'sbom'],
  'a gate of two lines': [['vendors', 'acme', 'requires'], ['sb\nom']],
  'a gate of 65 characters': [['vendors', 'acme', 'requires'], ['x'.repeat(65)]],
  'a limit that is missing': [['vendors', 'acme', 'limits', 'versions'], undefined],
  'a limit below 0': [['vendors', 'acme', 'limits', 'totalBytes'], -1],
  'a limit with a fraction': [['vendors', 'acme', 'limits', 'artifactBytes'], 0.5],
  'a limit as text': [['vendors', 'acme', 'limits', 'artifactBytes'], '5'],
  'more publishes an hour than are remembered': [['vendors', 'acme', 'limits', 'publishesPerHour'], 1001],
  'a life of no day': [['vendors', 'acme', 'maxLifeDays'], 0],
  'a life of eleven years': [['vendors', 'acme', 'maxLifeDays'], 3651],
  'a rule that is not known': [['vendors', 'acme', 'mustBeSigned'], true],
  'a limit that is not known': [['vendors', 'acme', 'limits', 'artefactBytes'], 5],
  'a member that is not known': [['limits'], {}],
};

describe('refused', () => {
  test.each(Object.entries(bad))('%s', (_name, [path, value]) =>
    expect(() => parseVendorPolicy(withMember(bytes, path, value))).toThrow(
      expect.objectContaining({ code: 'BAD_FORMAT' }),
    ),
  );

  test('a vendor twice, and bytes that are no JSON', () => {
    const twice = Buffer.from(bytes).toString().replace('"acme":', '"zeta":');
    for (const text of [twice, '{', ''])
      expect(() => parseVendorPolicy(Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'BAD_FORMAT' }),
      );
  });
});
