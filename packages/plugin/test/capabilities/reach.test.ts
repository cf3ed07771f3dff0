import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspect, short } from './files.ts';

const bad = `require('child_process').execSync(x)`;
const json = (value: unknown): string => JSON.stringify(value);
type Files = Readonly<Record<string, string>>;
const reaches: Readonly<Record<string, Files>> = {
  'an import': {
    'index.mjs': `import './a.mjs'`,
    'a.mjs': `import { execSync } from 'child_process'; execSync(x)`,
  },
  'a re-export': { 'index.mjs': `export * from './a.cjs'`, 'a.cjs': bad },
  'a named re-export': { 'index.mjs': `export { x } from './a.cjs'`, 'a.cjs': bad },
  'require without an ending': { 'index.js': `require('./a')`, 'a.js': bad },
  'a folder': { 'index.js': `require('./a')`, 'a/index.js': bad },
  'a folder’s main': { 'index.js': `require('./a')`, 'a/package.json': json({ main: 'b' }), 'a/b.js': bad },
  'import()': { 'index.js': `import('./a.js?x#y')`, 'a.js': bad },
  'either branch': { 'index.js': `require(y ? './b' : './a')`, 'a.js': bad, 'b.js': '1' },
  'a name that is joined': { 'index.js': `const n = './' + 'a'; require(n)`, 'a.js': bad },
  'require.resolve': { 'index.js': `f(require.resolve('./a'))`, 'a.js': bad },
  'import.meta.resolve': { 'index.mjs': `f(import.meta.resolve('./a.js'))`, 'a.js': bad },
  createRequire: {
    'index.mjs': `import { createRequire as c } from 'module'; const r = c(import.meta.url); r('./a')`,
    'a.js': bad,
  },
  'new URL': { 'index.mjs': `f(new URL('./a.js', import.meta.url))`, 'a.js': bad },
  'a path beside it': { 'index.js': `f(require('path').join(__dirname, 'lib', 'a.js'))`, 'lib/a.js': bad },
  'a path as a sum': {
    'lib/index.js': `f(__dirname + '/../a.js')`,
    'index.js': `require('./lib')`,
    'a.js': bad,
  },
  'a path as a template': { 'index.mjs': '`${import.meta.dirname}/a.js`', 'a.js': bad },
  'a worker': { 'index.js': `new (require('worker_threads').Worker)('./a.js')`, 'a.js': bad },
  'a package': { 'index.js': `require('dep')`, 'node_modules/dep/index.js': bad },
  'a package of a package': {
    'index.js': `require('dep')`,
    'node_modules/dep/package.json': json({ main: './lib' }),
    'node_modules/dep/lib/index.js': `require('inner/x')`,
    'node_modules/dep/node_modules/inner/x.js': bad,
    'node_modules/inner/x.js': '1',
  },
  'by conditions': {
    'index.mjs': `import 'dep/sub'`,
    'node_modules/dep/package.json': json({
      exports: { './sub': { browser: './b.js', node: { require: './b.js', import: './a.js' } } },
    }),
    'node_modules/dep/a.js': bad,
    'node_modules/dep/b.js': '1',
  },
  'by a pattern': {
    'index.mjs': `import 'dep/x/a'`,
    'node_modules/dep/package.json': json({ exports: { './x/*': './lib/*.js', './x/b': null } }),
    'node_modules/dep/lib/a.js': bad,
  },
  'its own name': {
    'index.js': `require('self/a')`,
    'package.json': json({ name: 'self', exports: { './a': './b.js' } }),
    'b.js': bad,
  },
  imports: {
    'index.js': `require('#a')`,
    'package.json': json({ imports: { '#a': './b.js' } }),
    'b.js': bad,
  },
  'a computed name with a beginning': { 'index.js': 'require(`./locales/${x}.js`)', 'locales/de.js': bad },
  'a computed name of a package': { 'index.js': `require('dep/lib/' + x)`, 'node_modules/dep/lib/a.js': bad },
  'a computed path': {
    'index.js': `require(require('path').join(__dirname, 'rules', f))`,
    'rules/a.js': bad,
  },
  'in a circle': {
    'index.js': `require('./b')`,
    'b.js': `require('./a'); require('./index')`,
    'a.js': `require('./b'); ${bad}`,
  },
};
const reachesNot: Readonly<Record<string, Files>> = {
  'nothing names it': { 'index.js': '1', 'a.js': bad },
  'another condition': {
    'index.js': `require('dep')`,
    'node_modules/dep/package.json': json({ exports: { import: './a.js', default: './b.js' } }),
    'node_modules/dep/a.js': bad,
    'node_modules/dep/b.js': '1',
  },
  'a package that does not hand it out': {
    'index.js': `require('dep/a.js')`,
    'node_modules/dep/package.json': json({ exports: './b.js' }),
    'node_modules/dep/a.js': bad,
  },
  'a built-in module of the same name': { 'index.js': `require('fs')`, 'node_modules/fs/index.js': bad },
  'import without an ending': { 'index.mjs': `import './a'`, 'a.js': bad },
  'out of the tree and in again': { 'index.js': `require('../x/a')`, 'a.js': bad },
  'a folder beside the beginning': { 'index.js': 'require(`./locales/${x}`)', 'other/a.js': bad },
  'packages below a beginning': { 'index.js': 'require(`./${x}`)', 'node_modules/dep/index.js': bad },
  'a name without a beginning': { 'index.js': 'require(x)', 'a.js': bad },
};
const entry = (files: Files): readonly string[] =>
  Object.keys(files).filter((path) => /^index\.m?js$/.test(path));

describe('what is started reaches', () => {
  test.each(Object.entries(reaches))('%s', async (_name, files) => {
    expect(short(await inspect(files, { entries: entry(files) }))).toContain('exec sh');
  });
  test.each(Object.entries(reachesNot))('not: %s', async (_name, files) => {
    const found = await inspect(files, { entries: entry(files) });
    expect(short(found)).toEqual([]);
    expect(found.remarks).toContainEqual(expect.objectContaining({ kind: 'unreached', count: 1 }));
    expect(found.unreached).toMatchObject([{ capability: 'exec', value: null, evidence: [{ line: 1 }] }]);
  });
});

describe('what is looked for in all files', () => {
  const look = async (files: Readonly<Record<string, string | Uint8Array>>): ReturnType<typeof inspect> =>
    inspect({ 'index.js': '1', ...files }, { entries: ['index.js'] });
  test('hidden characters', async () => {
    expect((await look({ 'a.js': `x = '\u202e'` })).hidden).toHaveLength(1);
    expect((await look({ 'a.js': 'const { a, \u3164 } = b' })).hidden).toHaveLength(1);
  });
  test('native files', async () => {
    expect(short(await look({ 'a.png': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0) }))).toEqual(['native']);
    expect(short(await look({ 'a.node': 'x' }))).toEqual(['native']);
  });
  test('other languages', async () => {
    expect((await look({ 'a.sh': 'x' })).remarks).toMatchObject([{ kind: 'unread-language' }]);
  });
});

test('without entries nothing is started', async () => {
  const found = await inspect({ 'a.js': bad }, { entries: [] });
  expect([short(found), found.programs]).toEqual([[], 0]);
});

test('a package.json that is too large to be read hides nothing', async () => {
  const files = { 'index.js': '1', 'package.json': `{"main":"${'x'.repeat(8_000_000)}"}` };
  expect(short(await inspect(files, { entries: ['index.js'] }))).toEqual(['eval']);
});

test('more computed beginnings than anybody writes reach everything', async () => {
  const files = {
    'index.js': Array.from({ length: 1001 }, (_, i) => `require('./x${i}/' + y)`).join('\n'),
    'other/a.js': bad,
  };
  expect(short(await inspect(files, { entries: ['index.js'] }))).toEqual(['exec sh']);
});

const codes = [
  bad,
  `fetch('https://a.example/')`,
  `require('fs').writeFileSync('/etc/x', y)`,
  'eval(x)',
  'process.env.TOKEN',
  '1',
] as const;
const index = fc.nat({ max: 9 });
test('an unreached file adds nothing to what is used; reaching it adds what it uses', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...codes), fc.array(index, { maxLength: 3 })), {
        minLength: 1,
        maxLength: 10,
      }),
      fc.constantFrom(...codes),
      async (programs, more) => {
        const files = Object.fromEntries(
          programs.map(([code, named], at) => [
            `${at}.js`,
            `${code};${named.map((other) => `require('./${other}.js');`).join('')}`,
          ]),
        );
        const options = { entries: ['0.js'] };
        const before = short(await inspect(files, options));
        const beside = await inspect({ ...files, 'more.js': more }, options);
        expect(short(beside)).toEqual(before);
        const reached = { ...files, 'more.js': more, '0.js': `${files['0.js']}require('./more')` };
        const alone = short(await inspect({ 'more.js': more }));
        expect(short(await inspect(reached, options)).toSorted()).toEqual(
          [...new Set([...before, ...alone])].toSorted(),
        );
      },
    ),
    { numRuns: 60 },
  );
});
