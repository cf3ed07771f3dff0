/** Our resolution against Node's own, on the packages that are installed here. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { ModuleTree } from '../../src/capabilities/code/module-tree.ts';

const root = realpathSync(resolve(import.meta.dirname, '../../../..'));
/** With conditions, patterns, `imports`, `main`, none of them, both kinds of modules, and with packages inside. */
const packages = [
  'acorn',
  'ajv',
  'chai',
  'chalk',
  'entities',
  'estree-walker',
  'fast-check',
  'json5',
  'lodash',
  'picomatch',
  'postcss',
  'prettier',
  'pure-rand',
  'rollup',
  'semver',
  'tinyexec',
  'tinyglobby',
  'typescript',
  'undici-types',
  'vite',
  'vitest',
  'yaml',
  '@babel/parser',
  '@jridgewell/sourcemap-codec',
  '@types/node',
  '@vitest/expect',
  '@vitest/utils',
].filter((name) => listed(`node_modules/${name}`).length > 0);

function listed(below: string): readonly string[] {
  try {
    return readdirSync(join(root, below), { recursive: true, withFileTypes: true })
      .filter((item) => item.isFile())
      .map((item) => relative(root, join(item.parentPath, item.name)));
  } catch {
    return [];
  }
}

interface Question {
  readonly specifier: string;
  readonly from: string;
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function questionsOf(name: string, files: readonly string[]): readonly Question[] {
  const folder = `node_modules/${name}`;
  const json = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const { exports, imports, dependencies } = json;
  const programs = files.filter((path) => /\.[cm]?js$/.test(path)).slice(0, 40);
  const ways = [
    name,
    `${name}/package.json`,
    `${name}/nothing/here`,
    ...keysOf(exports)
      .filter((key) => key.startsWith('./'))
      .slice(0, 30)
      .map((key) => name + key.slice(1).replace('*', 'index')),
    ...programs.slice(0, 10).flatMap((path) => {
      const below = path.slice(folder.length + 1);
      return [`${name}/${below}`, `${name}/${below.replace(/\.[cm]?js$/, '')}`];
    }),
  ];
  const inside = programs[programs.length >> 1] ?? `${folder}/package.json`;
  const near = programs.slice(0, 10).flatMap((path) => {
    const beside = `./${path.slice(path.lastIndexOf('/') + 1)}`;
    return [beside, beside.replace(/\.[cm]?js$/, ''), './', '..', '.'].map((specifier) => ({
      specifier,
      from: path,
    }));
  });
  return [
    ...ways.flatMap((specifier) => [
      { specifier, from: 'index.js' },
      { specifier, from: inside },
    ]),
    ...keysOf(imports).map((specifier) => ({ specifier: specifier.replace('*', 'index'), from: inside })),
    ...keysOf(dependencies).map((specifier) => ({ specifier, from: inside })),
    ...near,
  ];
}

/** A path of the tree, or null for anything that Node does not find as a file of it. */
function inTree(path: string, files: ReadonlySet<string>): string | null {
  const found = isAbsolute(path) ? relative(root, path) : '';
  return files.has(found) ? found : null;
}

/** Asked of a Node of its own: a test runner resolves under conditions of its own. */
async function answersOfNode(
  asks: 'import' | 'require',
  questions: readonly Question[],
  files: ReadonlySet<string>,
): Promise<readonly (string | null)[]> {
  const code = `import { readFileSync } from 'node:fs'; import { createRequire } from 'node:module';
    import { fileURLToPath, pathToFileURL } from 'node:url';
    const ways = {
      import: (specifier, from) => fileURLToPath(import.meta.resolve(specifier, pathToFileURL(from).href)),
      require: (specifier, from) => createRequire(from).resolve(specifier),
    };
    const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ specifier, from }) => {
      try { return ways.${asks}(specifier, from); } catch { return ''; } });
    process.stdout.write(JSON.stringify(answers));`;
  const child = spawn(
    process.execPath,
    ['--experimental-import-meta-resolve', '--input-type=module', '--eval', code],
    { cwd: root, stdio: 'pipe' },
  );
  child.stdin.end(JSON.stringify(questions.map((one) => ({ ...one, from: join(root, one.from) }))));
  const answers = JSON.parse(await text(child.stdout)) as readonly string[];
  return answers.map((path) => inTree(path, files));
}

describe('as Node resolves', () => {
  const files = packages.flatMap((name) => listed(`node_modules/${name}`));
  const all = new Set(files);
  const tree = new ModuleTree(all);
  for (const path of all)
    if (path.endsWith('/package.json')) tree.addPackage(path, readFileSync(join(root, path)));
  const questions = packages.flatMap((name) =>
    questionsOf(
      name,
      files.filter((path) => path.startsWith(`node_modules/${name}/`)),
    ),
  );
  test.each(['import', 'require'] as const)('%s', async (asks) => {
    const answers = await answersOfNode(asks, questions, all);
    const wrong = questions.flatMap((one, index) => {
      const [ours, nodes] = [tree.resolve(one.specifier, one.from, asks), answers[index] ?? null];
      return ours === nodes ? [] : [{ ...one, ours, nodes }];
    });
    expect(wrong).toEqual([]);
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(100);
  });
});

describe('what is surely missing', () => {
  const tree = new ModuleTree([
    'package.json',
    'a/x.js',
    'node_modules/pad/package.json',
    'node_modules/loose.js',
  ]);
  tree.addPackage('package.json', Buffer.from('{"name":"own"}'));
  tree.addPackage('node_modules/pad/package.json', Buffer.from('{"name":"pad","exports":{".":"./gone.js"}}'));
  const missing = ['left-pad', 'left-pad/x', '@a/b', './gone.js', '../../x.js'];
  const known = [
    'fs',
    'node:fs',
    'fs/promises',
    'pad',
    'pad/hidden',
    'own',
    './x.js',
    '#own',
    'loose',
    'data:,1',
    '/x',
  ];
  test.each(missing)('%s is', (specifier) => expect(tree.lacks(specifier, 'a/x.js', 'import')).toBe(true));
  test.each(known)('%s is not', (specifier) =>
    expect(tree.lacks(specifier, 'a/x.js', 'require')).toBe(false),
  );
});
