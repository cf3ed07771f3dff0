/** Packages whose own exports are called, as they are published: ESM, CommonJS, with WebAssembly inside, with code made from text. */
import { library, type RealPlugin } from './plugin.ts';

export const libraries: readonly RealPlugin[] = [
  library(
    'marked',
    'library, ESM',
    ['marked@15.0.12'],
    ['parse', '*signed* bytes'],
    '<p><em>signed</em> bytes</p>\n',
  ),
  library('mathjs', 'library, ESM', ['mathjs@14.9.1'], ['evaluate', 'sqrt(3^2 + 4^2)'], 5),
  library('yaml', 'library, ESM and CommonJS', ['yaml@2.8.1'], ['parse', 'a: [1, 2]'], { a: [1, 2] }),
  library('smol-toml', 'library, ESM', ['smol-toml@1.4.2'], ['parse', 'a = 1\n[b]\nc = "d"'], {
    a: 1,
    b: { c: 'd' },
  }),
  library(
    'uuid',
    'library, ESM',
    ['uuid@11.1.0'],
    ['validate', 'c9bf9e57-1685-4c89-bafb-ff5af830be8a'],
    true,
  ),
  library('semver', 'library, CommonJS', ['semver@7.7.3'], ['valid', 'v1.2.3'], '1.2.3'),
  library('ms', 'library, CommonJS, one function', ['ms@2.1.3'], ['default', '2 days'], 172_800_000),
  library('papaparse', 'library, UMD', ['papaparse@5.5.3'], ['parse', 'a,b\n1,2'], {
    data: [
      ['a', 'b'],
      ['1', '2'],
    ],
    errors: [],
  }),
  library(
    'lodash',
    'library, CommonJS',
    ['lodash@4.17.21'],
    ['camelCase', 'held by default'],
    'heldByDefault',
  ),
  library('ejs', 'template engine, code from text', ['ejs@3.1.10'], ['render', '<%= 6 * 7 %>'], '42'),
  library(
    'svgo',
    'build tool, ESM',
    ['svgo@4.0.0'],
    [
      'optimize',
      '<svg xmlns="http://www.w3.org/2000/svg"><!-- a --><rect width="10" height="10" fill="#ff0000"/></svg>',
    ],
    { data: '<svg xmlns="http://www.w3.org/2000/svg"><path fill="red" d="M0 0h10v10H0z"/></svg>' },
  ),
  library(
    'hash-wasm',
    'library, WebAssembly inside',
    ['hash-wasm@4.12.0'],
    ['sha256', 'abc'],
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ),
  {
    ...library(
      'crc32',
      'native add-on, prebuilt',
      ['@node-rs/crc32@1.10.8'],
      ['checksum', 'abc'],
      891_568_578,
      `import { crc32 } from '@node-rs/crc32';
export const checksum = (text) => crc32(text);
`,
    ),
    target: `${process.platform}-${process.arch}`,
  },
];
