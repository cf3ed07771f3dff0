/**
 * Plugins of tools: rules, syntaxes, transforms. Each is packed with the tool that it is a plugin of, and a few lines that
 * hand a text in and the result out: what a host of such plugins would write once.
 */
import { library, type Data, type RealPlugin } from './plugin.ts';

const lint = (plugin: string, name: string): string => `import { Linter } from 'eslint/universal';
import plugin from '${plugin}';
export function lint({ code, rules }) {
  const found = new Linter().verify(code, { plugins: { ${name}: plugin }, rules });
  return found.map(({ ruleId, line }) => ({ ruleId, line }));
}
`;

const css = (plugin: string, options: string): string => `import postcss from 'postcss';
import plugin from '${plugin}';
export async function transform(text) {
  return (await postcss([plugin(${options})]).process(text, { from: undefined })).css;
}
`;

const dataOnly: Data = {
  type: 'data',
  name: 'tsconfig-node24',
  kind: 'shared configuration, JSON only',
  packages: ['@tsconfig/node24@24.0.1'],
  file: 'tsconfig.json',
  member: ['compilerOptions', 'module'],
  answer: 'nodenext',
};

export const tools: readonly RealPlugin[] = [
  library(
    'eslint-promise',
    'ESLint plugin',
    ['eslint-plugin-promise@7.2.1', 'eslint@9.38.0'],
    ['lint', { code: 'new Promise(resolve => 1).then(x => x)', rules: { 'promise/catch-or-return': 2 } }],
    [{ ruleId: 'promise/catch-or-return', line: 1 }],
    lint('eslint-plugin-promise', 'promise'),
  ),
  library(
    'eslint-regexp',
    'ESLint plugin',
    ['eslint-plugin-regexp@2.10.0', 'eslint@9.38.0'],
    ['lint', { code: 'export const x = /[aa]/;', rules: { 'regexp/no-dupe-characters-character-class': 2 } }],
    [{ ruleId: 'regexp/no-dupe-characters-character-class', line: 1 }],
    lint('eslint-plugin-regexp', 'regexp'),
  ),
  library(
    'prettier-xml',
    'Prettier plugin, ESM',
    ['@prettier/plugin-xml@3.4.2', 'prettier@3.6.2'],
    ['format', '<a><b   c="d"></b></a>'],
    '<a><b c="d" /></a>\n',
    `import * as prettier from 'prettier/standalone';
import plugin from '@prettier/plugin-xml';
export const format = (text) => prettier.format(text, { parser: 'xml', plugins: [plugin] });
`,
  ),
  library(
    'postcss-nested',
    'PostCSS plugin, CommonJS',
    ['postcss-nested@7.0.2', 'postcss@8.5.6'],
    ['transform', '.a { .b & { color: red } }'],
    '.b .a { color: red }',
    css('postcss-nested', ''),
  ),
  library(
    'autoprefixer',
    'PostCSS plugin, reads a data base',
    ['autoprefixer@10.4.21', 'postcss@8.5.6'],
    ['transform', 'a { user-select: none }'],
    'a { -webkit-user-select: none; -moz-user-select: none; user-select: none }',
    css('autoprefixer', "{ overrideBrowserslist: ['safari 15', 'firefox 60'] }"),
  ),
  library(
    'rollup-json',
    'Rollup plugin, ESM',
    ['@rollup/plugin-json@6.1.0', 'rollup@4.52.5'],
    ['transform', '{"a":1}'],
    'export var a = 1;\nexport default {\n\ta: a\n};\n',
    `import json from '@rollup/plugin-json';
const plugin = json();
export const transform = (text) => plugin.transform.call({}, text, 'a.json').code;
`,
  ),
  library(
    'babel-arrow',
    'Babel plugin, CommonJS',
    ['@babel/plugin-transform-arrow-functions@7.27.1', '@babel/core@7.28.5'],
    ['transform', 'const a = (b) => b;'],
    'const a = function (b) {\n  return b;\n};',
    `import babel from '@babel/core';
import arrow from '@babel/plugin-transform-arrow-functions';
const options = { plugins: [arrow.default ?? arrow], configFile: false, babelrc: false };
export const transform = (text) => babel.transformSync(text, options).code;
`,
  ),
  library(
    'ajv',
    'validator, code from text',
    ['ajv@8.17.1'],
    ['validate', { schema: { type: 'integer' }, value: 'x' }],
    ['must be integer'],
    `import { Ajv } from 'ajv';
export function validate({ schema, value }) {
  const check = new Ajv().compile(schema);
  return check(value) ? [] : check.errors.map(({ message }) => message);
}
`,
  ),
  library(
    'sql-js',
    'SQLite as a WebAssembly file',
    ['sql.js@1.13.0'],
    ['query', 'select 6 * 7 as answer'],
    [{ columns: ['answer'], values: [[42]] }],
    `import initSqlJs from 'sql.js';
const opened = initSqlJs();
export async function query(text) {
  const { Database } = await opened;
  return new Database().exec(text);
}
`,
  ),
  library(
    'dprint-json',
    'dprint plugin, a WebAssembly file',
    ['@dprint/json@0.21.0', '@dprint/formatter@0.4.1'],
    ['format', '{"a":   1}'],
    '{ "a": 1 }\n',
    `import { readFileSync } from 'node:fs';
import { createFromBuffer } from '@dprint/formatter';
import { getPath } from '@dprint/json';
const formatter = createFromBuffer(readFileSync(getPath()));
export const format = (fileText) => formatter.formatText({ filePath: 'a.json', fileText });
`,
  ),
  library(
    'spdx-license-ids',
    'data, JSON only',
    ['spdx-license-ids@3.0.22'],
    ['isLicence', 'Apache-2.0'],
    true,
    `import ids from 'spdx-license-ids' with { type: 'json' };
export const isLicence = (id) => ids.includes(id);
`,
  ),
  dataOnly,
];
