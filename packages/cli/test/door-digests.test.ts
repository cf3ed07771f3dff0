/** What an index says of its files and what is published under their names are two things: the door compares them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pack, pluginName, pluginVersion, vendorName, type IndexEntry } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { checkVersion } from '../src/door/check-version.ts';
import { helloPlugin, tempFolder } from './ragv.ts';

const [vendor, plugin, version] = [vendorName('acme'), pluginName('hello'), pluginVersion('1.0.0')];
const packed = await pack(helloPlugin(tempFolder(), version), { vendor, output: tempFolder() });
const { manifest, manifestBytes } = packed;
const { name, length, sha256 } = manifest.artifact;
const manifestFile = `${plugin}-${version}.manifest.json`;
const files = new Map<string, Uint8Array>([
  [name, readFileSync(packed.artifactFile)],
  [manifestFile, manifestBytes],
]);
const entry: IndexEntry = {
  artifact: { name, length, sha256 },
  manifest: {
    name: manifestFile,
    length: manifestBytes.length,
    sha256: createHash('sha256').update(manifestBytes).digest('hex'),
  },
  engines: new Map(),
  yanked: null,
};
const check = (said: IndexEntry, published = files): Promise<unknown> =>
  checkVersion({ vendor, plugin, version, entry: said }, (file) =>
    Promise.resolve(published.get(file) ?? null),
  );

test('as it is published', async () => {
  await expect(check(entry)).resolves.toMatchObject({ manifest: { plugin } });
});

const said: Readonly<Record<string, IndexEntry>> = {
  'another digest of the manifest': { ...entry, manifest: { ...entry.manifest, sha256: 'a'.repeat(64) } },
  'another length of the manifest': { ...entry, manifest: { ...entry.manifest, length: 7 } },
};

test.for(Object.entries(said))('an index with %s', async ([, wrong]) => {
  await expect(check(wrong)).rejects.toMatchObject({ code: 'DOOR_TARGETS' });
});

test('an archive of the same files with other bytes', async () => {
  const other = Buffer.from(files.get(name) ?? []);
  other[9] = other[9] === 255 ? 3 : 255; // the system on which gzip ran: it changes nothing of what comes out
  await expect(check(entry, new Map([...files, [name, other]]))).rejects.toMatchObject({
    code: 'DOOR_TARGETS',
  });
});
