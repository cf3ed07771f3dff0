import * as fc from 'fast-check';
import {
  compareVersions,
  isPrerelease,
  loadRanges,
  pluginName,
  pluginPath,
  pluginSpec,
  pluginVersion,
  vendorName,
} from '@ragnos/plugin';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { failure } from './samples.ts';

const badSegments: Readonly<Record<string, string>> = {
  empty: '',
  dot: '.',
  'two dots': '..',
  traversal: '../evil',
  'encoded traversal': '%2e%2e%2f',
  slash: 'a/b',
  backslash: 'a\\b',
  NUL: 'a\0',
  'line feed': 'acme\n',
  'upper case': 'Acme',
  'reserved by us': '_acme',
  'leading dot': '.acme',
  'leading dash, a flag': '-acme',
  'trailing dot': 'acme.',
  space: 'ac me',
  'drive letter': 'c:acme',
  'not ASCII': 'acm\u00e9',
  'cyrillic twin': '\u0430cme',
  'Windows device': 'nul',
  'Windows device with extension': 'com1.tools',
  '65 characters': 'a'.repeat(65),
  prototype: '__proto__',
};

describe('vendor and plugin names', () => {
  test.each(Object.entries(badSegments))('%s', (_name, raw) => {
    expect(() => vendorName(raw)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
    expect(() => pluginName(raw)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
  });
  for (const role of [
    'root',
    'targets',
    'snapshot',
    'timestamp',
    'policy',
    'catalog',
    'attestations',
    'vendor',
  ])
    test(`a vendor named ${role}, a plugin of that name is fine`, () => {
      expect(() => vendorName(role)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
      expect(pluginName(role)).toBe(role);
    });
  test('good ones', () => {
    for (const raw of ['acme', 'a', '0', 'a-b_c.d', 'constructor', 'a'.repeat(64)])
      expect(vendorName(raw)).toBe(raw);
  });
});

describe('versions', () => {
  for (const raw of [
    '1.2',
    'v1.2.3',
    '1.2.3+build',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3-RC',
    '1.2.3 ',
    '',
    '1.2.3/..',
    '1.2.9007199254740992',
    `1.2.3-${'a'.repeat(64)}`,
  ])
    test(`not ${JSON.stringify(raw.slice(0, 20))}`, () =>
      expect(() => pluginVersion(raw)).toThrow(expect.objectContaining({ code: 'BAD_NAME' })));
  const identifier = fc.oneof(fc.nat(30).map(String), fc.stringMatching(/^[0-9a-z-]{1,4}$/));
  const version = fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.array(identifier, { maxLength: 3 }))
    .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre.length > 0 ? `-${pre.join('.')}` : ''}`);

  test('what we accept and how we order it is what the package semver says', () =>
    fc.assert(
      fc.property(version, version, (a, b) => {
        fc.pre(semver.valid(a) === a && semver.valid(b) === b);
        const [left, right] = [pluginVersion(a), pluginVersion(b)];
        expect(Math.sign(compareVersions(left, right))).toBe(semver.compare(a, b));
        expect(isPrerelease(left)).toBe(semver.prerelease(a) !== null);
      }),
      { numRuns: 1000 },
    ));

  test('what semver does not accept as it stands we refuse', () =>
    fc.assert(
      fc.property(version, (raw) => {
        expect(failure(() => pluginVersion(raw)) === null).toBe(semver.valid(raw) === raw);
      }),
      { numRuns: 1000 },
    ));

  test('ranges are those of npm', async () => {
    const ranges = await loadRanges();
    expect(ranges.isRange('^1 || >=3.0.0-beta')).toBe(true);
    expect(ranges.isRange('latest')).toBe(false);
    expect(ranges.satisfies('1.2.3', '^1')).toBe(true);
    expect(ranges.satisfies('2.0.0-rc.1', '>=1')).toBe(false);
    expect(ranges.satisfies('2.0.0-rc.1', '>=1', { includePrerelease: true })).toBe(true);
  });
});

describe('specs', () => {
  test('with and without what is wanted', () => {
    expect(pluginSpec('acme/hello')).toEqual({ vendor: 'acme', plugin: 'hello', wanted: null });
    expect(pluginSpec('acme/hello@^1 || >=3')).toMatchObject({ wanted: '^1 || >=3' });
    expect(pluginSpec('acme/hello@latest')).toMatchObject({ wanted: 'latest' });
  });
  for (const raw of [
    'hello',
    'acme/',
    '/hello',
    'acme/hello@',
    'acme/hello/x',
    '@acme/hello',
    'root/hello',
    'acme/hello@1\n2',
    '',
  ])
    test(`not ${JSON.stringify(raw)}`, () =>
      expect(() => pluginSpec(raw)).toThrow(expect.objectContaining({ code: 'BAD_NAME' })));
  test('a path in the namespace', () =>
    expect(pluginPath(vendorName('acme'), pluginName('hello'), 'index.json')).toBe(
      'vendors/acme/hello/index.json',
    ));
});
