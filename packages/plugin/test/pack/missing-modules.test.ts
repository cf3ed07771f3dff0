/** What a plugin loads and does not bring: refused where it fails whenever it is started, told where it may, and nothing of what is optional. */
import { describe, expect, test } from 'vitest';
import { world } from './world.ts';

const { pack, folder } = world();
const plugin = { name: 'hello', version: '1.0.0', type: 'module', main: 'index.js' };
type Files = Readonly<Record<string, string | object>>;
const esm = (code: string, more: Files = {}): Files => ({
  'package.json': plugin,
  'index.js': code,
  ...more,
});
const cjs = (code: string, more: Files = {}): Files => ({
  ...esm(code, more),
  'package.json': { ...plugin, type: 'commonjs' },
});

const refused: Readonly<Record<string, readonly [files: Files, says: string]>> = {
  'an import of a package': [esm(`\nimport pad from 'left-pad';`), 'index.js:2 loads "left-pad"'],
  'of a file of one': [esm(`import 'left-pad/x.js';`), 'index.js:1 loads "left-pad/x.js"'],
  'of a scoped one': [esm(`export * from '@a/b';`), 'index.js:1 loads "@a/b"'],
  'of a file of its own': [esm(`import './gone.js';`), 'index.js:1 loads "./gone.js"'],
  'a require at once': [cjs(`const pad = require('left-pad');`), 'index.js:1 loads "left-pad"'],
  'through files that are loaded at once': [
    esm(`import './a.js';`, {
      'a.js': `export { b } from './b.js';`,
      'b.js': `import 'left-pad'; export const b = 1;`,
    }),
    'b.js:1 loads "left-pad"',
  ],
  'from a command': [
    { ...esm(''), 'package.json': { ...plugin, bin: 'run.js' }, 'run.js': `import 'left-pad';` },
    'run.js:1 loads "left-pad"',
  ],
  'in TypeScript': [
    {
      ...esm(''),
      'package.json': { ...plugin, main: 'index.ts' },
      'index.ts': `import pad from 'left-pad'; pad();`,
    },
    'index.ts:1 loads "left-pad"',
  ],
};
describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (_name, [files, says]) =>
    expect(pack(await folder(files))).rejects.toMatchObject({
      code: 'DEPENDENCIES_MISSING',
      message: `${says}: not in the plugin, and no module of Node`,
    }),
  );
  test('and all are named, the first of them in full', async () => {
    const code = ['a', 'b', 'c', 'd', 'e'].map((name) => `import '${name}-pad';`).join('\n');
    await expect(pack(await folder(esm(code)))).rejects.toMatchObject({
      message: expect.stringMatching(/^index\.js:1 loads "a-pad", .*"c-pad" and 2 more: not in/) as unknown,
      hint: expect.stringContaining('"dependencies" of package.json') as unknown,
    });
  });
});

const told: Readonly<Record<string, Files>> = {
  'in a function': cjs(`exports.f = () => require('left-pad');`),
  'under a condition': cjs(`if (process.argv[2]) require('left-pad');`),
  'a dynamic import': esm(`export const f = () => import('left-pad');`),
  'in a file that is loaded later': esm(`export const f = () => import('./a.js');`, {
    'a.js': `import 'left-pad';`,
  }),
};
describe('is told', () => {
  test.each(Object.entries(told))('%s', async (_name, files) => {
    const { notes } = await pack(await folder(files));
    expect(notes.join('\n')).toMatch(
      /^not in the plugin, and fails if it comes to that: (?:index|a)\.js:1 loads "left-pad"$/m,
    );
  });
});

const fine: Readonly<Record<string, Files>> = {
  'a require that is tried': cjs(`let pad; try { pad = require('left-pad'); } catch {}`),
  'an import that is tried': esm(`try { await import('left-pad'); } catch {}`),
  'modules of Node': esm(
    `import 'node:fs'; import 'fs/promises'; import 'path'; import 'node:test/reporters';`,
  ),
  'itself, and a name of its own': esm(`import 'hello/x'; import '#own';`, {
    'package.json': {
      ...plugin,
      exports: { '.': './index.js', './x': './x.js' },
      imports: { '#own': './x.js' },
    },
    'x.js': '',
  }),
  'types alone': {
    ...esm(''),
    'package.json': { ...plugin, main: 'index.ts' },
    'index.ts': `import type { Pad } from 'left-pad'; export const pad: Pad | null = null;`,
  },
  'in a file that nothing reaches': esm('', { 'test.js': `import 'left-pad';` }),
  'in a text': esm(`// import 'left-pad'\nexport const text = "require('left-pad')";`),
  'of an editor': {
    'package.json': plugin,
    '.claude-plugin/plugin.json': { name: 'hello', version: '1.0.0' },
    'index.js': `import 'left-pad';`,
  },
};
test.each(Object.entries(fine))('nothing is said of it: %s', async (_name, files) => {
  const { notes } = await pack(await folder(files));
  expect(notes.join('\n')).not.toContain('not in the plugin');
});
