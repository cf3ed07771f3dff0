import { readFile, writeFile } from 'node:fs/promises';
import { filePath, parseManifest, type Packed } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { describeExtension } from '../../src/pack/vsix.ts';
import { extension, extensionPackage, identity, type Content } from './as-is.ts';
import { world } from './world.ts';

const { pack, path } = world();
let next = 0;
const own = 'Id="Theme" Version="2.0.0" Publisher="acme-inc"';
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

async function packed(bytes: Uint8Array): Promise<Packed> {
  const source = path(`given-${next++}.vsix`);
  await writeFile(source, bytes);
  return pack(source);
}

test('published as it is: both manifests are in the tree, and an editor starts it', async () => {
  const bytes = extension();
  const { manifest, manifestBytes, artifactFile } = await packed(bytes);
  expect(await readFile(artifactFile)).toEqual(bytes);
  expect(parseManifest(manifestBytes)).toEqual(manifest);
  expect(manifest).toMatchObject({
    plugin: 'theme',
    version: '2.0.0',
    artifact: { name: 'theme-2.0.0.vsix', mediaType: 'application/zip' },
    source: { type: 'vsix', name: 'acme-inc.Theme@2.0.0' },
    stripPrefix: '',
    kind: 'vscode',
    runtime: 'none',
    target: 'any',
    entry: { main: 'extension/out/main.js' },
    capabilities: {},
  });
  expect([...manifest.engines]).toEqual([['vscode', '^1.90.0']]); // Node is the editor's
  expect(manifest.files.map((item) => item.path)).toContain('[Content_Types].xml');
});

test.each([
  ['linux-x64', 'linux-x64'],
  ['alpine-arm64', 'linux-arm64-musl'],
  ['linux-armhf', 'linux-arm'],
  ['web', 'any'],
])('made for %s', async (platform, target) => {
  const own = identity(`Id="Theme" Version="2.0.0" Publisher="acme-inc" TargetPlatform="${platform}"`);
  const bytes = extension({}, { 'extension.vsixmanifest': own, 'extension/lib/x.node': '' });
  expect((await packed(bytes)).manifest).toMatchObject({ target, capabilities: { native: true } });
});

test('a theme has no entry', async () =>
  expect((await packed(extension({ main: undefined }))).manifest.entry.main).toBeNull());

const refused: Readonly<Record<string, readonly [code: string, change: object, content?: Content]>> = {
  'no package.json': ['PACKAGE_MANIFEST', {}, { 'extension/package.json': null }],
  'no vsixmanifest': ['PACKAGE_MANIFEST', {}, { 'extension.vsixmanifest': null }],
  'another name outside': ['PACKAGE_MANIFEST', { name: 'other' }],
  'another version outside': ['PACKAGE_MANIFEST', { version: '2.0.1' }],
  'another publisher outside': ['PACKAGE_MANIFEST', { publisher: 'evil' }],
  'two identities': ['PACKAGE_MANIFEST', {}, { 'extension.vsixmanifest': identity() + identity() }],
  'an identity in a comment': [
    'PACKAGE_MANIFEST',
    {},
    { 'extension.vsixmanifest': `<!-- ${identity()} -->` },
  ],
  'an entity': ['PACKAGE_MANIFEST', {}, { 'extension.vsixmanifest': `<!DOCTYPE x>${identity()}` }],
  'an entry that is not inside': ['PACKAGE_MANIFEST', { main: './out/other' }],
  'an entry that climbs': ['PACKAGE_MANIFEST', { main: '../extension.vsixmanifest' }],
  'a version with build metadata': [
    'PLUGIN_VERSION',
    { version: '2.0.0+x' },
    { 'extension.vsixmanifest': identity('Id="Theme" Version="2.0.0+x" Publisher="acme-inc"') },
  ],
};
test('a manifest that no editor wrote takes no longer to read for it', () => {
  const main = {
    path: filePath('extension/package.json'),
    mode: 0o644,
    body: text(JSON.stringify({ ...extensionPackage, main: undefined })),
  } as const;
  const outer = (body: string) =>
    ({ path: filePath('extension.vsixmanifest'), mode: 0o644, body: text(body) }) as const;
  const began = performance.now();
  const comments = describeExtension([main, outer(identity() + '<!-- '.repeat(40_000))]);
  const attributes = describeExtension([main, outer(identity(`${'a'.repeat(200_000)} ${own}`))]);
  expect([comments.version, attributes.version]).toEqual(['2.0.0', '2.0.0']);
  expect(performance.now() - began).toBeLessThan(2_000);
});

describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (_name, [code, change, content]) =>
    expect(packed(extension(change, content))).rejects.toMatchObject({ code }),
  );
});
