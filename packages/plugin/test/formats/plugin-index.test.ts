import * as fc from 'fast-check';
import {
  addVersion,
  parseIndex,
  pluginName,
  serializeIndex,
  yankVersion,
  type IndexEntry,
  type PluginIndex,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { acme, digest, entry, failure, hello, v, withMember } from './samples.ts';

const add = (index: PluginIndex | null, version: string, what: IndexEntry = entry(version)): PluginIndex =>
  addVersion(index, {
    vendor: acme,
    plugin: hello,
    version: v(version),
    description: `at ${version}`,
    entry: what,
  });
const of = (...versions: readonly string[]): PluginIndex =>
  versions.reduce<PluginIndex | null>((index, version) => add(index, version), null) ?? add(null, '0.0.0');
const latest = (index: PluginIndex): string | undefined => index.channels.get('latest');

test('what is written is read back the same', () => {
  const index = yankVersion(of('1.0.0', '1.1.0', '2.0.0-rc.1'), v('1.1.0'), {
    reason: 'leaks',
    at: '2030-01-31T12:00:00Z',
  });
  const back = parseIndex(serializeIndex(index));
  expect(back).toEqual(index);
  expect(serializeIndex(back)).toEqual(serializeIndex(index));
});

test('latest is the highest that is neither yanked nor a prerelease', () => {
  expect(latest(of('1.10.0', '1.9.0', '2.0.0-rc.1'))).toBe('1.10.0');
  const yanked = yankVersion(of('1.0.0', '1.1.0'), v('1.1.0'), { reason: 'x', at: '2030-01-31T12:00:00Z' });
  expect(latest(yanked)).toBe('1.0.0');
  expect(latest(yankVersion(yanked, v('1.1.0'), null))).toBe('1.1.0');
  expect(latest(of('1.0.0-rc.1'))).toBeUndefined();
});

test('publishing the same again changes nothing, also not its yank', () => {
  const index = yankVersion(of('1.0.0'), v('1.0.0'), { reason: 'x', at: '2030-01-31T12:00:00Z' });
  expect(add(index, '1.0.0')).toEqual(index);
});

test('a version never changes its bytes, of the artifact or of the manifest', () => {
  expect(() => add(of('1.0.0'), '1.0.0', entry('1.0.0', 'e'))).toThrow(
    expect.objectContaining({ code: 'VERSION_EXISTS' }),
  );
  const other = { ...entry('1.0.0'), manifest: { ...entry('1.0.0').manifest, sha256: digest('e') } };
  expect(() => add(of('1.0.0'), '1.0.0', other)).toThrow(expect.objectContaining({ code: 'VERSION_EXISTS' }));
});

test('the index of another plugin is not added to', () =>
  expect(() =>
    addVersion(of('1.0.0'), {
      vendor: acme,
      plugin: pluginName('other'),
      version: v('1.0.0'),
      description: '',
      entry: entry('1.0.0'),
    }),
  ).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' })));

test('what is not there cannot be yanked', () =>
  expect(() => yankVersion(of('1.0.0'), v('1.0.1'), null)).toThrow(
    expect.objectContaining({ code: 'NO_SUCH_VERSION_IN_INDEX' }),
  ));

test('whatever is done, no version and no digest is ever lost', () => {
  const version = fc.constantFrom('1.0.0', '1.0.1', '1.1.0', '2.0.0-rc.1', '2.0.0');
  const step = fc.tuple(fc.constantFrom('add', 'yank', 'unyank'), version, fc.constantFrom('c', 'e'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let index: PluginIndex = of('0.1.0');
      for (const [what, name, digit] of steps) {
        const before = index;
        const error = failure(() => {
          index =
            what === 'add'
              ? add(before, name, entry(name, digit))
              : yankVersion(
                  before,
                  v(name),
                  what === 'yank' ? { reason: 'x', at: '2030-01-31T12:00:00Z' } : null,
                );
        });
        expect(error === null || index === before).toBe(true);
        for (const [kept, { artifact, manifest }] of before.versions)
          expect(index.versions.get(kept)).toMatchObject({ artifact, manifest });
      }
      expect(parseIndex(serializeIndex(index))).toEqual(index);
    }),
  );
});

const good = serializeIndex(of('1.0.0'));
const bad: Readonly<Record<string, readonly [readonly string[], unknown]>> = {
  'another format': [['format'], 'x'],
  'vendor of a role': [['vendor'], 'targets'],
  'channel without a version': [['channels', 'latest'], '9.9.9'],
  'channel that is no version': [['channels', 'latest'], 'latest'],
  'version that is none': [['versions', 'latest'], {}],
  'file in another folder': [['versions', '1.0.0', 'artifact', 'name'], '../evil/hello-1.0.0.tgz'],
  'file that climbs': [['versions', '1.0.0', 'artifact', 'name'], '..'],
  'file in a folder': [['versions', '1.0.0', 'manifest', 'name'], 'a/b.json'],
  'digest too short': [['versions', '1.0.0', 'artifact', 'sha256'], 'abc'],
  'length below 0': [['versions', '1.0.0', 'artifact', 'length'], -1],
  'yank without a reason': [['versions', '1.0.0', 'yanked'], { at: '2030-01-31T12:00:00Z' }],
  'yank with an escape': [
    ['versions', '1.0.0', 'yanked'],
    { reason: '\u001b[2J', at: '2030-01-31T12:00:00Z' },
  ],
  'yank at no time': [['versions', '1.0.0', 'yanked'], { reason: 'x', at: '2030-13-01T00:00:00Z' }],
  'yank with an offset': [['versions', '1.0.0', 'yanked'], { reason: 'x', at: '2030-01-01T00:00:00+01:00' }],
};

describe('an index that is refused', () => {
  test.each(Object.entries(bad))('%s', (_name, [path, value]) =>
    expect(() => parseIndex(withMember(good, path, value))).toThrow(
      expect.objectContaining({ code: 'BAD_FORMAT' }),
    ),
  );
});
