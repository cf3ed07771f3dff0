import { filePath, manifestDifference } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { digest, files, manifest } from '../formats/samples.ts';

const nothing = { added: [], removed: [], changed: [] };

test('a version is no different from itself', () => {
  expect(manifestDifference(manifest(), manifest())).toEqual({
    capabilities: { wider: [], narrower: [] },
    files: nothing,
    packages: nothing,
    entries: nothing,
    lifecycleScripts: nothing,
    evidence: nothing,
  });
});

test('what was added, removed and changed', () => {
  const [first, ...others] = files('bin.js', 'dist/new.js', 'package.json');
  if (first === undefined) throw new Error('expected a file');
  const after = manifest({
    files: [
      { ...first, sha256: digest('c') },
      ...others.map((file) => ({
        ...file,
        mode: file.path === 'package.json' ? (0o755 as const) : file.mode,
      })),
    ],
    entry: { main: filePath('dist/new.js'), bin: new Map([['other', filePath('bin.js')]]) },
    capabilities: { exec: ['sh'] },
    lifecycleScripts: [],
    bundled: [
      { name: 'left-pad', version: '1.3.1', integrity: 'sha512-z' },
      { name: 'left-pad', version: '1.3.0', integrity: 'sha512-y' },
      { name: 'fresh', version: '1.0.0', integrity: null },
    ],
    evidence: [],
  });
  const found = manifestDifference(manifest(), after);
  expect(found).toMatchObject({
    files: { added: ['dist/new.js'], removed: ['dist/index.js'], changed: ['bin.js', 'package.json'] },
    packages: { added: ['fresh'], removed: ['carried'], changed: ['left-pad'] },
    entries: { added: ['command other'], removed: ['command hello'], changed: ['main'] },
    lifecycleScripts: { ...nothing, removed: ['postinstall'] },
    evidence: { ...nothing, removed: ['hello-1.2.0.cdx.json'] },
  });
  expect(found.capabilities.wider.map(({ text }) => text)).toEqual([
    'starts sh, which can start anything',
    'uses up to 256 MB of memory',
  ]);
  expect(found.capabilities.narrower.map(({ text }) => text)).toEqual(['connects to example.com, port 443']);
});
