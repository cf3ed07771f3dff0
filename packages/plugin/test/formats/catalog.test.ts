import {
  addVersion,
  emptyCatalog,
  parseCatalog,
  parseRevocations,
  parseSearch,
  pluginName,
  recordFirstSeen,
  recordPlugin,
  replaceInSearch,
  serializeCatalog,
  serializeRevocations,
  serializeSearch,
  vendorName,
  type Catalog,
  type Owner,
} from '@ragnos/plugin';
import { newTestKey } from '@ragnos/testkit';
import type { Key } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { catalogLoss } from '../../src/formats/catalog.ts';
import { acme, digest, entry, hello, v, withMember } from './samples.ts';

const index = addVersion(null, {
  vendor: acme,
  plugin: hello,
  version: v('1.0.0'),
  description: 'greets',
  entry: entry('1.0.0'),
});
const seen = recordFirstSeen(
  null,
  acme,
  [{ sha256: digest('c'), path: 'vendors/acme/hello/hello-1.0.0.tgz' }],
  '2030-01-01T00:00:00Z',
);
const catalog: Catalog = recordPlugin(seen, index, ['greeting']);

test('what is written is read back the same', () => {
  expect(parseCatalog(serializeCatalog(catalog))).toEqual(catalog);
  const entries = replaceInSearch([], catalog);
  expect(parseSearch(serializeSearch(entries))).toEqual(entries);
  const revocations = new Map([[digest('c'), { reason: 'malware', at: '2030-01-01T00:00:00Z' }]]);
  expect(parseRevocations(serializeRevocations(revocations))).toEqual(revocations);
  expect(parseRevocations(serializeRevocations(new Map()))).toEqual(new Map());
});

test('a digest keeps the time when it was first seen', () => {
  const again = recordFirstSeen(
    catalog,
    acme,
    [
      { sha256: digest('c'), path: 'elsewhere' },
      { sha256: digest('e'), path: 'new' },
    ],
    '2031-01-01T00:00:00Z',
  );
  expect(again.digests.get(digest('c'))).toEqual({
    path: 'vendors/acme/hello/hello-1.0.0.tgz',
    firstSeen: '2030-01-01T00:00:00Z',
    length: null,
    gates: [],
  });
  expect(again.digests.get(digest('e'))?.firstSeen).toBe('2031-01-01T00:00:00Z');
  expect(again.plugins).toEqual(catalog.plugins);
});

describe('what newer doors write', () => {
  const [one, two] = [newTestKey(), newTestKey()];
  const owner = (key: Key): Owner => ({
    keys: [key],
    threshold: 1,
    since: '2030-01-01T00:00:00Z',
    handover: [],
  });
  const file = { path: 'vendors/acme/hello/hello-2.0.0.tgz', length: 12, gates: ['sbom'] };
  const full: Catalog = {
    ...recordFirstSeen(catalog, acme, [{ sha256: digest('e'), ...file }], '2031-01-01T00:00:00.500Z'),
    suspended: true,
    owners: [owner(one.key), { ...owner(two.key), handover: [one.sign(Buffer.from('x'))] }],
    submissions: ['2031-01-01T00:00:00.500Z'],
    totals: { files: 2, bytes: 24 },
  };

  test('is read back the same', () => {
    expect(parseCatalog(serializeCatalog(full))).toEqual(full);
    expect(full.digests.get(digest('e'))).toEqual({ ...file, firstSeen: '2031-01-01T00:00:00.500Z' });
  });

  test('is left out where there is none of it, and read as none where it is left out', () => {
    const old = new TextDecoder().decode(serializeCatalog(catalog));
    expect(old).not.toMatch(/owners|submissions|totals|length|gates/);
    expect(parseCatalog(serializeCatalog(catalog))).toMatchObject({ owners: [], submissions: [] });
    expect(parseCatalog(serializeCatalog(emptyCatalog(acme)))).toEqual(emptyCatalog(acme));
  });

  const grown = recordFirstSeen(full, acme, [{ sha256: digest('f'), path: 'x' }], '2032-01-01T00:00:00Z');
  const losses: Readonly<Record<string, readonly [next: Catalog, lost: boolean]>> = {
    nothing: [full, false],
    'more digests, more owners, other plugins': [
      { ...grown, owners: [...full.owners, owner(newTestKey().key)], plugins: new Map(), submissions: [] },
      false,
    ],
    'a suspension that was lifted': [{ ...full, suspended: false }, false],
    'a digest': [{ ...full, digests: catalog.digests }, true],
    'all digests': [{ ...full, digests: new Map() }, true],
    'the time when one was first seen': [
      {
        ...full,
        digests: new Map(full.digests).set(digest('c'), {
          path: 'vendors/acme/hello/hello-1.0.0.tgz',
          firstSeen: '2029-01-01T00:00:00Z',
          length: null,
          gates: [],
        }),
      },
      true,
    ],
    'the newest owner': [{ ...full, owners: full.owners.slice(0, 1) }, true],
    'the oldest owner': [{ ...full, owners: full.owners.slice(1) }, true],
    'a countersignature': [{ ...full, owners: full.owners.map((o) => ({ ...o, handover: [] })) }, true],
  };
  test.each(Object.entries(losses))('lost: %s', (_name, [next, lost]) =>
    expect(catalogLoss(full, next) !== null).toBe(lost),
  );
});

test('keywords stay where a publish brings none', () =>
  expect(recordPlugin(catalog, index, null).plugins.get(hello)?.keywords).toEqual(['greeting']));

test('search holds what the catalogs hold: sorted, none of a suspended vendor, others untouched', () => {
  const other: Catalog = {
    ...catalog,
    vendor: vendorName('zeta'),
    plugins: new Map([[pluginName('x'), { description: '', keywords: [], latest: null }]]),
  };
  const both = replaceInSearch(replaceInSearch([], other), catalog);
  expect(both.map(({ vendor, plugin }) => `${vendor}/${plugin}`)).toEqual(['acme/hello', 'zeta/x']);
  expect(parseSearch(serializeSearch(both))).toEqual(both);
  expect(replaceInSearch(both, { ...catalog, suspended: true }).map(({ vendor }) => vendor)).toEqual([
    'zeta',
  ]);
});

const goodCatalog = serializeCatalog(catalog);
const goodSearch = serializeSearch(replaceInSearch([], catalog));
const goodRevocations = serializeRevocations(
  new Map([[digest('c'), { reason: 'x', at: '2030-01-01T00:00:00Z' }]]),
);
const bad: Readonly<Record<string, () => unknown>> = {
  'catalog of another format': () => parseCatalog(goodSearch),
  'digest that is none': () =>
    parseCatalog(
      withMember(goodCatalog, ['digests', 'abc'], { path: 'x', firstSeen: '2030-01-01T00:00:00Z' }),
    ),
  'first seen at no time': () =>
    parseCatalog(withMember(goodCatalog, ['digests', digest('c'), 'firstSeen'], 'yesterday')),
  'a length below 0': () => parseCatalog(withMember(goodCatalog, ['digests', digest('c'), 'length'], -1)),
  'gates as text': () => parseCatalog(withMember(goodCatalog, ['digests', digest('c'), 'gates'], 'sbom')),
  'owners as a map': () => parseCatalog(withMember(goodCatalog, ['owners'], {})),
  'a submission at no time': () => parseCatalog(withMember(goodCatalog, ['submissions'], ['yesterday'])),
  '1,001 submissions': () =>
    parseCatalog(
      withMember(
        goodCatalog,
        ['submissions'],
        Array.from({ length: 1001 }, () => '2030-01-01T00:00:00Z'),
      ),
    ),
  'suspended as text': () => parseCatalog(withMember(goodCatalog, ['suspended'], 'no')),
  'plugin with a bad name': () => parseCatalog(withMember(goodCatalog, ['plugins', '..'], {})),
  'version that is none': () => parseCatalog(withMember(goodCatalog, ['plugins', 'hello', 'latest'], '1')),
  'totals below 0': () => parseCatalog(withMember(goodCatalog, ['totals'], { files: -1, bytes: 0 })),
  'keyword with an escape': () =>
    parseSearch(withMember(goodSearch, ['plugins', 0, 'keywords'], ['\u001b[2J'])),
  'vendor of a role in search': () => parseSearch(withMember(goodSearch, ['plugins', 0, 'vendor'], 'root')),
  'revocation of no digest': () =>
    parseRevocations(
      withMember(goodRevocations, ['revoked', 'hello'], { reason: 'x', at: '2030-01-01T00:00:00Z' }),
    ),
  'revocation without a reason': () =>
    parseRevocations(withMember(goodRevocations, ['revoked', digest('c'), 'reason'], undefined)),
  'revocations that are missing': () => parseRevocations(withMember(goodRevocations, ['revoked'], undefined)),
};

describe('refused', () => {
  test.each(Object.entries(bad))('%s', (_name, read) =>
    expect(read).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' })),
  );
});
