import { createHash } from 'node:crypto';
import { sha256, type Forge } from './forge.ts';
import type { Input } from './input.ts';
import { at, Verbatim, type Fields, type Json } from './json.ts';

/** A target that nobody asks for unless the input says so; its entry, to be changed. */
function other(forge: Forge): Fields {
  forge.target('targets', 'other.txt', 'other\n');
  return at(forge.targets.signed, 'targets', 'other.txt');
}

const custom =
  (value: Json): Input['spoil'] =>
  (forge) => {
    other(forge)['custom'] = { value };
  };

const file =
  (draft: (forge: Forge) => Forge['root'], change: (text: string) => string | Uint8Array): Input['spoil'] =>
  (forge) => {
    draft(forge).file = change;
  };

/** Properly signed where that is possible, and not what a parser should swallow. */
export const documents: readonly Input[] = [
  {
    id: 'a page instead of JSON',
    what: 'timestamp.json is an HTML page with status 200',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      () => '<!doctype html><title>Welcome</title>',
    ),
  },
  {
    id: 'empty file',
    what: 'timestamp.json has no bytes',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      () => '',
    ),
  },
  {
    id: 'byte order mark',
    what: 'timestamp.json begins with one',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      (text) => `\ufeff${text}`,
    ),
  },
  {
    id: 'trailing data',
    what: 'timestamp.json goes on after its last brace',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      (text) => `${text}{}`,
    ),
  },
  {
    id: 'name twice in an object',
    what: 'timestamp gives the version of snapshot as 7, then as 1; the second one is signed',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      (text) => text.replace('"version":1}', '"version":7,"version":1}'),
    ),
  },
  {
    id: 'not UTF-8',
    what: 'a byte 0xff inside a text of timestamp.json',
    ours: 'MALFORMED',
    spoil: (forge) => {
      forge.timestamp.signed['note'] = 'a?b';
      forge.timestamp.file = (text) => Buffer.from(text.replace('a?b', 'a\u00ffb'), 'latin1');
    },
  },
  {
    id: 'timestamp of 100 kB',
    what: 'properly signed, with a long text in it',
    ours: 'DOWNLOAD_LENGTH',
    spoil: (forge) => void (forge.timestamp.signed['note'] = 'n'.repeat(100_000)),
  },
  {
    id: 'depth bomb',
    what: '`custom` nested 20,000 deep',
    ours: 'LIMIT',
    spoil: custom(new Verbatim(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)),
  },
  {
    id: 'fraction in custom',
    what: '`custom` holds 1.5, which canonical JSON has no form for',
    ours: 'MALFORMED',
    spoil: custom(new Verbatim('1.5')),
  },
  {
    id: 'lone surrogate',
    what: '`custom` holds half of a character',
    ours: 'MALFORMED',
    spoil: custom(new Verbatim(String.raw`"\ud800"`, '"\ufffd"')),
  },
  {
    id: 'signed is a list',
    what: 'timestamp.json signs `[]`',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      () => '{"signatures":[],"signed":[]}',
    ),
  },
  {
    id: 'nothing but null',
    what: 'timestamp.json is `null`',
    ours: 'MALFORMED',
    spoil: file(
      (f) => f.timestamp,
      () => 'null',
    ),
  },
  {
    id: 'type of another role',
    what: 'targets says that it is a `snapshot`',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.targets.signed['_type'] = 'snapshot'),
  },
  {
    id: 'targets is a list',
    what: '`targets` is `[]`',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.role('vendor').signed['targets'] = []),
  },
  {
    id: 'hash of a target wrong',
    what: 'the file served is another one of the same length',
    ours: 'LENGTH_OR_HASH_MISMATCH',
    paths: ['other.txt'],
    spoil: (forge) => {
      other(forge);
      forge.serve('other.txt', Buffer.from('OTHER\n'), sha256('other\n'));
    },
  },
  {
    id: 'target longer than signed',
    what: 'the file served has one byte more, and the signed hash is that of the longer file',
    ours: 'DOWNLOAD_LENGTH',
    paths: ['other.txt'],
    spoil: (forge) => {
      other(forge)['length'] = 5;
    },
  },
  {
    id: 'hashes of a target empty',
    what: '`"hashes": {}`',
    ours: 'MALFORMED',
    spoil: (forge) => {
      other(forge)['hashes'] = {};
    },
  },
  {
    id: 'md5 alone',
    what: 'a target whose only hash is an md5',
    ours: 'LENGTH_OR_HASH_MISMATCH',
    paths: ['other.txt'],
    spoil: (forge) => {
      const md5 = createHash('md5').update('other\n').digest('hex');
      other(forge)['hashes'] = { md5 };
      forge.serve('other.txt', Buffer.from('other\n'), md5);
    },
  },
  {
    id: 'negative length',
    what: 'a target of length -1',
    ours: 'MALFORMED',
    spoil: (forge) => {
      other(forge)['length'] = -1;
    },
  },
];
