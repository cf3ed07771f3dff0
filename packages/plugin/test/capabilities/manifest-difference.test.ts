import { filePath, manifestDifference } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { digest, files, manifest } from '../formats/samples.ts';

const nothing = { added: [], removed: [], changed: [] };

test('a version is no different from itself', () => {
  expect(manifestDifference(manifest(), manifest())).toEqual({
    capabilities: { wider: [], narrower: [] },
    changes: [],
    texts: [],
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

describe('what it is, and what starts it', () => {
  const main = filePath('dist/index.js');
  const command = new Map([['hello', filePath('bin.js')]]);
  const both = { kind: 'node', entry: { main, bin: command } } as const;
  const module = { kind: 'node', entry: { main, bin: new Map() } } as const;
  const program = { kind: 'node', entry: { main: null, bin: command } } as const;
  const data = { kind: 'node', entry: { main: null, bin: new Map() } } as const;
  type Start = Parameters<typeof manifestDifference>[0] extends infer T ? Partial<T> : never;
  const cases: Readonly<Record<string, readonly [Start, Start, readonly string[]]>> = {
    'a library that becomes a server': [
      both,
      { ...both, kind: 'mcp' },
      ['is a server for AI hosts (MCP) now, and was a plugin of programs on Node before'],
    ],
    'a server that becomes a library': [
      { ...both, kind: 'mcp' },
      both,
      ['is a plugin of programs on Node now, and was a server for AI hosts (MCP) before'],
    ],
    'a module that becomes a program': [
      both,
      { ...both, runtime: 'executable' },
      [
        'is started as a program of its own now, and was started by Node before: its code is not inspected any more',
      ],
    ],
    'an extension of an editor that becomes a Python server': [
      { ...both, kind: 'vscode', runtime: 'none' },
      { ...both, kind: 'mcp', runtime: 'python' },
      [
        'is a server for AI hosts (MCP) now, and was an extension of an editor before',
        'is started by Python now, and was started by the program that it is a plugin of before: its code is not inspected any more',
      ],
    ],
    'Python that becomes a program: neither was inspected': [
      { ...both, runtime: 'python' },
      { ...both, runtime: 'executable' },
      ['is started as a program of its own now, and was started by Python before'],
    ],
    'a command in the place of a module': [
      module,
      program,
      ['is started as a command now, and was loaded as a module before'],
    ],
    'a module in the place of a command': [
      program,
      module,
      ['is loaded as a module now, and was started as a command before'],
    ],
    'something to start, where there was nothing': [
      data,
      program,
      ['is started as a command now, and nothing of it was started before'],
    ],
    'a command beside the module': [module, both, []],
    'a module beside the command': [program, both, []],
    'nothing to start any more': [both, data, []],
    'the runtime by its name, where it was by default': [both, { ...both, runtime: 'node' }, []],
  };
  test.for(Object.entries(cases))('%s', ([, [before, after, sentences]]) => {
    expect(manifestDifference(manifest(before), manifest(after)).changes).toEqual(sentences);
  });
});
