import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { compareVersions, filePath, parseManifest, pluginVersion, type Packed } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { semverOfPython } from '../../src/pack/python-version.ts';
import { describeWheel } from '../../src/pack/wheel.ts';
import { digest, record, wheel, type Content } from './as-is.ts';
import { world } from './world.ts';

const { pack, path } = world();
let next = 0;

async function packed(bytes: Uint8Array, name = 'tool-1.0-py3-none-any.whl'): Promise<Packed> {
  const folder = path(`wheels-${next++}`);
  await mkdir(folder);
  await writeFile(`${folder}/${name}`, bytes);
  return pack(`${folder}/${name}`);
}

test('published as it is, under a version of ours; its RECORD was checked', async () => {
  const bytes = wheel();
  const { manifest, manifestBytes, artifactFile, keywords, notes } = await packed(bytes);
  expect(await readFile(artifactFile)).toEqual(bytes);
  expect(parseManifest(manifestBytes)).toEqual(manifest);
  expect(manifest).toMatchObject({
    plugin: 'tool',
    version: '1.0.0',
    description: 'a tool',
    artifact: {
      name: 'tool-1.0.0.whl',
      originalName: 'tool-1.0-py3-none-any.whl',
      mediaType: 'application/zip',
    },
    source: { type: 'wheel', name: 'tool@1.0' },
    kind: 'python',
    runtime: 'none',
    target: 'any',
    capabilities: {},
  });
  expect(manifest.entry).toEqual({
    main: null,
    bin: new Map(),
    offers: new Map([['commands', ['tool = tool:main']]]),
  });
  expect([...manifest.engines]).toEqual([['python', '>=3.9']]);
  expect(keywords).toEqual(['one', 'two']);
  expect(notes).toEqual(['it needs six>=1: pip is told to install none of them']);
});

test.each([
  ['tool-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', 'linux-x64-glibc'],
  ['tool-1.0-cp311-cp311-musllinux_1_2_aarch64.whl', 'linux-arm64-musl'],
  ['tool-1.0-cp311-cp311-macosx_10_9_universal2.whl', 'darwin-arm64,darwin-x64'],
  ['tool-1.0-1-cp311-cp311-win_amd64.whl', 'win32-x64'],
  ['tool-1.0-cp311-cp311-linux_s390x.whl', 'linux_s390x'],
  ['tool-1.0-py2.py3-none-any.whl', 'any'],
])('%s is made for %s', async (name, target) =>
  expect((await packed(wheel(), name)).manifest.target).toBe(target),
);

const info = 'tool-1.0.dist-info';
const listed = (lines: string): Content => ({ [`${info}/RECORD`]: lines });
const whole: Content = {
  'tool/__init__.py': 'answer = 42\n',
  [`${info}/METADATA`]: 'Name: tool\nVersion: 1.0\n\n',
  [`${info}/WHEEL`]: 'Wheel-Version: 1.0\n',
};
const others: Content = { 'tool/a, b.py': null, [`${info}/entry_points.txt`]: null };
const good = record(whole, info);

const refused: Readonly<Record<string, readonly [code: string, content: Content, name?: string]>> = {
  'a file name that is none': ['PACKAGE_MANIFEST', {}, 'tool.whl'],
  'the file name of another': ['PACKAGE_MANIFEST', {}, 'other-1.0-py3-none-any.whl'],
  'the file name of another version': ['PACKAGE_MANIFEST', {}, 'tool-1.1-py3-none-any.whl'],
  'the METADATA of another': ['PACKAGE_MANIFEST', { [`${info}/METADATA`]: 'Name: other\nVersion: 1.0\n\n' }],
  'no METADATA': ['PACKAGE_MANIFEST', { [`${info}/METADATA`]: null }],
  'two sets of METADATA': ['PACKAGE_MANIFEST', { 'evil-1.0.dist-info/METADATA': 'Name: evil\n' }],
  'a wheel of another kind': ['PACKAGE_UNSUPPORTED', { [`${info}/WHEEL`]: 'Wheel-Version: 2.0\n' }],
  'no RECORD': ['WHEEL_RECORD', { [`${info}/RECORD`]: null }],
  'a file that RECORD does not list': [
    'WHEEL_RECORD',
    { ...others, ...whole, 'tool/evil.py': 'x', ...listed(good) },
  ],
  'a file that is not there': [
    'WHEEL_RECORD',
    { ...others, ...whole, ...listed(`${good}tool/more.py,sha256=x,1\n`) },
  ],
  'other content than RECORD says': [
    'WHEEL_RECORD',
    { ...others, ...whole, 'tool/__init__.py': 'evil()\n', ...listed(good) },
  ],
  'another size than RECORD says': [
    'WHEEL_RECORD',
    { ...others, ...whole, ...listed(good.replace(/,12$/m, ',13')) },
  ],
  'a file twice': ['WHEEL_RECORD', { ...others, ...whole, ...listed(good + good) }],
  'no digest': ['WHEEL_RECORD', { ...others, ...whole, ...listed(good.replace(/sha256=[^,]+/, '')) }],
  'a weak digest': ['WHEEL_RECORD', { ...others, ...whole, ...listed(good.replace('sha256=', 'md5=')) }],
  'a RECORD that is damaged': ['WHEEL_RECORD', { ...others, ...whole, ...listed('"tool') }],
};
describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (_name, [code, content, name]) =>
    expect(packed(wheel(content), name)).rejects.toMatchObject({ code }),
  );
  test('a version that SemVer cannot say', async () =>
    expect(packed(wheel({}, 'tool', '1.0.post1'), 'tool-1.0.post1-py3-none-any.whl')).rejects.toMatchObject({
      code: 'PLUGIN_VERSION',
    }));
  test('the table is about what it says: as it stands it is taken', async () => {
    expect(good).toContain(digest('answer = 42\n'));
    expect((await packed(wheel({ ...others, ...whole, ...listed(good) }))).manifest.files).toHaveLength(4);
  });
});

test('versions of Python in the order that Python gives them', () => {
  const versions = [
    '1.0.dev3',
    '1.0a1',
    '1.0a2',
    '1.0b1',
    '1.0rc1',
    '1.0rc10',
    '1.0',
    '1.0.1',
    '1.2',
    '2026.6',
  ];
  const ours = versions.map((version) => pluginVersion(semverOfPython(version) ?? ''));
  expect(ours.toReversed().toSorted(compareVersions)).toEqual(ours);
  expect(ours.slice(-4)).toEqual(['1.0.0', '1.0.1', '1.2.0', '2026.6.0']);
  for (const version of ['1!1.0', '1.0.0.1', '1.0.post1', '1.0+local', '1.0a1.dev2', 'x', ''])
    expect(semverOfPython(version)).toBeNull();
});

test('METADATA of very many lines takes no longer to read for it', () => {
  const content: Content = {
    ...whole,
    [`${info}/METADATA`]: `Name: tool\nVersion: 1.0\n${'a: b\n'.repeat(60_000)}\n`,
  };
  const files = Object.entries({ ...content, [`${info}/RECORD`]: record(content, info) }).map(
    ([path, body]) => ({ path: filePath(path), mode: 0o644, body: Buffer.from(body ?? '') }) as const,
  );
  const began = performance.now();
  expect(describeWheel(files, { originalName: 'tool-1.0-py3-none-any.whl' }).plugin).toBe('tool');
  expect(performance.now() - began).toBeLessThan(2_000);
});
