import type { Files } from '../packages/tuf/test/fuzz/base.ts';
import type { Verdict } from '../packages/tuf/test/fuzz/judge.ts';
import type { Answer } from './lib/peers.ts';

export type PeerName = 'python-tuf' | 'tuf-js';

export interface Case {
  readonly ours: Verdict;
  readonly theirs: Answer;
  /** What is served. */
  readonly files: Files;
}

export interface Difference {
  readonly name: string;
  readonly peers: readonly PeerName[];
  /** Why it is right to differ. */
  readonly why: string;
  readonly applies: (found: Case) => boolean;
}

const both: readonly PeerName[] = ['python-tuf', 'tuf-js'];

/** We refuse with these words what the peer accepts. The safe side: at worst somebody cannot publish so. */
const stricter = (peers: readonly PeerName[], words: RegExp, name: string, why: string): Difference => ({
  name,
  peers,
  why,
  applies: ({ ours, theirs }) => !ours.accepted && theirs.accepted && words.test(ours.message),
});

/** Whether any file that is served holds such a text. */
function served(files: Files, text: RegExp): boolean {
  return [...files.values()].some((bytes) => text.test(Buffer.from(bytes).toString()));
}

function signatures(files: Files): readonly (readonly unknown[])[] {
  return [...files.values()].flatMap((bytes) => {
    try {
      const json: unknown = JSON.parse(Buffer.from(bytes).toString());
      const list = typeof json === 'object' && json !== null && 'signatures' in json ? json.signatures : null;
      return Array.isArray(list) ? [list] : [];
    } catch {
      return [];
    }
  });
}

const oddHex = (entry: unknown): boolean =>
  typeof entry === 'object' &&
  entry !== null &&
  'sig' in entry &&
  typeof entry.sig === 'string' &&
  !/^(?:[0-9a-f]{2})*$/.test(entry.sig);

/** Whoever finds another one either has us changed or writes its reason here. */
export const differences: readonly Difference[] = [
  stricter(
    ['tuf-js'],
    /expected a date such as/,
    'dates',
    'tuf-js takes whatever Date takes, so an expiry depends on the time zone of the machine; INTEROP: one form alone',
  ),
  stricter(
    both,
    /is not an integer below 2\^53/,
    'numbers',
    'a fraction, an exponent or a number that JavaScript cannot hold: canonical JSON has integers alone',
  ),
  stricter(
    both,
    /a key stands twice/,
    'duplicate keys',
    'the peers take the last; what a person or another parser sees need not be what was signed',
  ),
  stricter(
    both,
    /and below 2\^31/,
    'versions from 2^31',
    'no other client can hold them (go-tuf, tough): a fast-forward that cannot be recovered from',
  ),
  stricter(
    both,
    /unsafe target path/,
    'target paths',
    'traversal, drive letters, control characters and over-long names are refused with the role, not when somebody writes them',
  ),
  stricter(
    both,
    /unsafe (?:role name|key id)/,
    'names',
    'a name that is no safe file name, or holds control characters',
  ),
  stricter(
    both,
    /unsafe digest|in full length/,
    'digests',
    'the peers take any text; a digest is lower-case hex of its full length',
  ),
  stricter(
    ['tuf-js'],
    /hashes: expected at least one/,
    'hashes that say nothing',
    'an empty list would promise nothing about the bytes',
  ),
  stricter(
    both,
    /path_hash_prefixes: expected lower-case hex/,
    'hash prefixes',
    'the peers take any text, which matches nothing or, when empty, everything',
  ),
  stricter(
    ['tuf-js'],
    /either paths or path_hash_prefixes/,
    'delegations without paths',
    'the specification demands one of the two',
  ),
  stricter(
    ['tuf-js'],
    /either roles or succinct_roles/,
    'delegations of neither kind',
    'TAP 15 demands one of the two',
  ),
  stricter(['tuf-js'], /roles: expected exactly/, 'roles of root', 'the specification names four'),
  stricter(
    ['tuf-js'],
    /keyval\.public: expected a string/,
    'keys without a value',
    'of a type that we know, a key without a value is none',
  ),
  stricter(both, /ends in \.json/, 'names in the snapshot', 'every one ends in .json'),
  stricter(
    both,
    /meta: expected snapshot\.json alone/,
    'files in the timestamp',
    'the specification names one',
  ),
  stricter(
    both,
    /each (?:name|key id) once|a key id stands twice/,
    'lists with one entry twice',
    'the specification demands unique key ids and role names',
  ),
  stricter(both, /spec_version: expected/, 'spec_version', 'the peers compare less of it than its form'),
  stricter(
    both,
    /: expected (?:a string|an object|an array|an array of strings|true or false|an integer)\b/,
    'members of another type',
    'the peers check no type where Python or JavaScript can go on without, and count true as 1',
  ),
  stricter(
    both,
    /names no top-level|a name that is no top-level role/,
    'delegations to a top-level role',
    'also in other case: the two would share a file where case does not matter',
  ),
  stricter(
    both,
    /nothing is signed|not UTF-8|not JSON|lone surrogate|levels deep/,
    'JSON',
    'the peers read what is no JSON text in UTF-8, or deeper than anybody needs',
  ),
  stricter(
    both,
    /snapshot: (?:the timestamp names|not the bytes)|^snapshot: its|^snapshot: \d+ bytes/,
    'a kept snapshot of the announced version',
    'the peers take the snapshot on disk for the announced one by its version alone; we demand the announced bytes (5.5.2)',
  ),
  {
    name: 'signatures in odd hex',
    peers: both,
    why: 'upper case, white space or half a byte more: the peers decode them, nobody writes them; INTEROP: lower-case hex',
    applies: ({ ours, theirs, files }) =>
      ours.code === 'UNSIGNED' && theirs.accepted && signatures(files).some((list) => list.some(oddHex)),
  },
  {
    name: 'schemes that do not exist',
    peers: ['tuf-js'],
    why: 'tuf-js verifies by the key type and looks at the scheme of RSA and ECDSA alone; the algorithm is the scheme (INTEROP, keys)',
    applies: ({ ours, theirs, files }) =>
      ours.code === 'UNSIGNED' &&
      theirs.accepted &&
      served(files, /"scheme":(?!"(?:ed25519|ecdsa-sha2-nistp256|rsassa-pss-sha256)")/),
  },
  {
    name: 'more than 64 signatures',
    peers: both,
    why: 'CVE-2020-6173: we look at 64 of one file, the peers at all',
    applies: ({ ours, theirs, files }) =>
      ours.code === 'UNSIGNED' && theirs.accepted && signatures(files).some((list) => list.length > 64),
  },
  {
    name: 'order of names beyond the BMP',
    peers: ['tuf-js'],
    why: 'tuf-js sorts by UTF-16 unit and then refuses what everybody else signed (INTEROP, canonical JSON)',
    applies: ({ ours, theirs, files }) =>
      ours.accepted &&
      !theirs.accepted &&
      /signed by \d/.test(theirs.error) &&
      served(files, /[\u{10000}-\u{10ffff}]/u),
  },
  {
    name: 'keys of unknown types',
    peers: ['python-tuf'],
    why: 'python-tuf refuses the whole file for one key that it does not know; we let that key verify nothing, so that a new type can be introduced',
    applies: ({ ours, theirs }) => ours.accepted && /DeserializationError/.test(theirs.error),
  },
  {
    name: 'hashes of unknown algorithms',
    peers: both,
    why: 'beside one that we can check they say nothing to us; the peers refuse the file',
    applies: ({ ours, theirs }) =>
      ours.accepted && /x-hash|not supported|Unsupported algorithm/.test(theirs.error),
  },
  {
    name: 'consistent_snapshot absent',
    peers: ['tuf-js'],
    why: 'the specification calls it optional',
    applies: ({ ours, theirs }) => ours.accepted && /consistent_snapshot must be/.test(theirs.error),
  },
  {
    name: 'classes, braces and escapes in path patterns',
    peers: both,
    why: 'the specification knows * and ? alone; fnmatch and minimatch give more a meaning (INTEROP, path patterns)',
    applies: ({ files }) => served(files, /"paths":\[[^\]]*[[{(!\\]/),
  },
];
