import { withCustom, withNames, withRoles, type Served } from './served.ts';

const inAnotherOrder =
  'it sorts names together with the closing quote, and verifies the signature over another order';
const inUnits = 'it sorts by UTF-16 units, not by characters, and verifies the signature over another order';
const composes = 'it composes text before it verifies the signature';
const objects = 'it reads `custom` as an object alone';
const plainObject = 'it looks roles up in a plain object, where';

/** Names, patterns and texts, good by the specification, that some client reads otherwise than we do. */
export const limits: readonly Served[] = [
  {
    name: 'names: punctuation',
    what: '`+ @ ~ , = ( ) [ ] &` in names',
    publish: withNames('a+b@1.0~x,y=z.txt', 'd(1)/[x]&.txt'),
  },
  { name: 'names: space', what: 'a space in a name', publish: withNames('a b.txt') },
  { name: 'names: other scripts', what: '`ü`, `日本`', publish: withNames('ü.txt', '日本.txt') },
  {
    name: 'names: prefix and space',
    what: '`a` and `a b` in one role',
    publish: withNames('a', 'a b'),
    cannot: { tough: inAnotherOrder },
  },
  {
    name: 'names: prefix and exclamation mark',
    what: '`a` and `a!b` in one role',
    publish: withNames('a', 'a!b'),
    cannot: { tough: inAnotherOrder },
  },
  {
    name: 'names: beyond U+FFFF',
    what: 'U+1F600 and U+FF5E in one role',
    publish: withNames('\u{1f600}.txt', '\uff5e.txt'),
    cannot: { 'tuf-js': inUnits },
  },
  {
    name: 'names: hidden',
    what: '`vendor/.hidden`, delegated as `vendor/*`',
    publish: withRoles([['vendor', 'vendor/*']], 'vendor/.hidden'),
    cannot: { 'tuf-js': 'for minimatch `*` does not stand for a name that begins with a dot' },
  },
  {
    name: 'names: hidden, by name',
    what: '`vendor/.hidden`, delegated as `vendor/.h*`',
    publish: withRoles([['vendor', 'vendor/.h*']], 'vendor/.hidden'),
  },
  {
    name: 'roles: numbers',
    what: 'delegations called `20` and `7`, in this order',
    publish: withRoles(
      [
        ['20', 'a/*'],
        ['7', 'b/*'],
      ],
      'a/1',
      'b/1',
    ),
    cannot: { 'tuf-js': `${plainObject} numbers come first and in order: the signature does not verify` },
  },
  {
    name: 'roles: constructor',
    what: 'a delegation called `constructor`',
    publish: withRoles([['constructor', 'a/*']], 'a/1'),
    cannot: { 'tuf-js': `${plainObject} \`constructor\` is there before anything is loaded` },
  },
  {
    name: 'patterns: shadow',
    what: '`v/*`, then `v/two/*`, both terminating, and a target of the second',
    publish: withRoles(
      [
        ['one', 'v/*'],
        ['two', 'v/two/*'],
      ],
      'v/two/x',
    ),
    cannot: { tough: 'its `*` stands for slashes too: it looks in the first role and goes no further' },
  },
  {
    name: 'custom: object',
    what: '`custom` with members',
    publish: withCustom({ a: 1, b: ['c', { d: null }] }),
  },
  {
    name: 'custom: text',
    what: '`custom` that is a text',
    publish: withCustom('x'),
    cannot: { tough: objects },
  },
  {
    name: 'custom: empty',
    what: '`custom` that is `{}`',
    publish: withCustom({}),
    cannot: { tough: 'it leaves an empty `custom` out before it verifies the signature' },
  },
  {
    name: 'custom: decomposed text',
    what: '`custom` with a `u` and a combining diaeresis',
    publish: withCustom({ a: 'u\u0308' }),
    cannot: { tough: composes },
  },
];
