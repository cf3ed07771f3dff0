// TAP 4, the map file: it decides whom to trust, so nothing in it is guessed at.
import { parseMap } from '@ragnos/client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { bytes } from './setup.ts';

const good = {
  repositories: {
    Django: ['https://djangoproject.com/'],
    PyPI: ['https://pypi.example', 'https://mirror.example/pypi'],
  },
  mapping: [
    { paths: ['django/django-1.*.tgz'], repositories: ['Django', 'PyPI'], threshold: 2, terminating: false },
    { paths: ['*'], repositories: ['PyPI'], threshold: 1, terminating: true },
  ],
};
const parse = (json: unknown) => parseMap(bytes(typeof json === 'string' ? json : JSON.stringify(json)));

test('the example of the TAP: repositories with their places, mappings in their order', () => {
  const map = parse(good);
  expect([...map.repositories].map(([name, urls]) => [name, urls.map(String)])).toEqual([
    ['Django', ['https://djangoproject.com/']],
    ['PyPI', ['https://pypi.example/', 'https://mirror.example/pypi/']],
  ]);
  expect(map.mapping).toEqual(good.mapping);
});

const [first] = good.mapping;
const one = (change: object) => ({ ...good, mapping: [{ ...first, ...change }] });
const named = (name: string) => ({
  repositories: { [name]: ['https://x.example/'] },
  mapping: [{ paths: ['*'], repositories: [name], threshold: 1, terminating: true }],
});

const bad: Readonly<Record<string, unknown>> = {
  'not JSON': '{"repositories":',
  'comments, as in the text of the TAP': `// map\n${JSON.stringify(good)}`,
  'a list': [],
  'no mapping': { repositories: good.repositories },
  'an empty mapping': { ...good, mapping: [] },
  'no repository': { repositories: {}, mapping: [] },
  'repositories as a list': { ...good, repositories: ['https://x.example/'] },
  'a repository without a URL': { ...good, repositories: { ...good.repositories, Django: [] } },
  'a URL as text': { ...good, repositories: { ...good.repositories, Django: 'https://x.example/' } },
  'no URL at all': { ...good, repositories: { ...good.repositories, Django: ['djangoproject.com'] } },
  'one URL twice': {
    ...good,
    repositories: { ...good.repositories, Django: ['https://x.example', 'https://x.example/'] },
  },
  'an unknown member': { ...good, thresholds: 1 },
  'an unknown member of a mapping': one({ treshold: 2 }),
  'a key twice': JSON.stringify(good).replace('"threshold":2', '"threshold":2,"threshold":1'),
  'no threshold': one({ threshold: undefined }),
  'threshold 0': one({ threshold: 0 }),
  'a negative threshold': one({ threshold: -1 }),
  'threshold 1.5': one({ threshold: 1.5 }),
  'a threshold as text': one({ threshold: '2' }),
  'a threshold above the number of repositories': one({ threshold: 3 }),
  'one repository twice, to meet a threshold': one({ repositories: ['PyPI', 'PyPI'] }),
  'a repository that the map does not have': one({ repositories: ['PyPI', 'npm'] }),
  'no repository in a mapping': one({ repositories: [], threshold: 1 }),
  'no terminating': one({ terminating: undefined }),
  'terminating as a number': one({ terminating: 1 }),
  'no paths': one({ paths: [] }),
  'a path as a number': one({ paths: [1] }),
  'a path with a leading slash, which no target has': one({ paths: ['/django/*'] }),
  'a path with a slash at its end': one({ paths: ['django/'] }),
  'an empty path': one({ paths: [''] }),
  'a path with ..': one({ paths: ['a/../b'] }),
  'a path with **, which means nothing here': one({ paths: ['**'] }),
  'a path with a backslash': one({ paths: ['a\\b'] }),
  'a name that leaves the folder': named('..'),
  'a name with a slash': named('a/b'),
  'a name with a backslash': named('a\\b'),
  'a name that begins with a dot': named('.git'),
  'a name that ends with a dot': named('a.'),
  'a device of Windows': named('NUL'),
  'an empty name': named(''),
  'names that differ in their case only': {
    ...good,
    repositories: { ...good.repositories, django: ['https://x.example/'] },
  },
  'more than a megabyte': `${JSON.stringify(good)}${' '.repeat(1_000_000)}`,
};

test('the example of docs/client.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/client.md'), 'utf8');
  const json = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(parse(json).mapping.map(({ threshold }) => threshold)).toEqual([2, 1]);
});

describe('refused', () => {
  test.each(Object.entries(bad))('%s', (_name, json) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'BAD_MAP' }));
  });

  test('a name like a member of every object is a name like any other', () => {
    expect([...parse(named('constructor')).repositories.keys()]).toEqual(['constructor']);
  });
});
