import { targetNames, urlNames } from './inputs/names.ts';
import type { PeerName } from './lib/peer.ts';

type Explained = readonly [inputs: readonly string[], why: string];

const signatures = ['thousands of signatures'];
const schemes = ['unknown scheme', 'scheme of another key type'];
const roles = ['role called ..', 'role that reads as a root'];
const unsafeNames = targetNames.map(({ id }) => id);
const namesInUrls = urlNames.map(({ id }) => id);

const tooMany = 'it looks at every signature; we stop after 64.';
const keyType = 'with a key of type ed25519 it never looks at the scheme.';
const keyIds = 'it counts key ids, we count keys.';
const cached =
  'it has a snapshot of that version, does not compare it with the new hash, and goes on with the old state.';
const unchecked =
  'it reads any target name, and makes a safe one of it when it chooses where a download goes; we refuse the role that lists it.';
const asItStands =
  'it puts the name into the URL as it stands, and asks for another file (`%41` is read as `A`, `#` ends the path).';
const anyRole =
  'it reads any role name and makes a file name of it; we refuse those that are none, or another one.';
const lastWins = 'its JSON parser lets the second value win, which is the one that was signed.';
const classes = 'it knows character classes; we read `[` literally, since not all clients do.';
const bigIntegers = 'it reads integers beyond 2⁵³; we refuse what other clients cannot hold.';

const explained: Readonly<Record<PeerName, readonly Explained[]>> = {
  'python-tuf': [
    [['one key under two ids'], keyIds],
    [signatures, tooMany],
    [['snapshot changes under its version'], cached],
    [['version beyond 2^53'], bigIntegers],
    [['name twice in an object'], lastWins],
    [['md5 alone'], 'it takes whatever hash its language has, md5 among them.'],
    [['pattern: class'], classes],
    [unsafeNames, unchecked],
    [namesInUrls, asItStands],
    [roles, anyRole],
  ],
  'tuf-js': [
    [['one key under two ids'], keyIds],
    [schemes, keyType],
    [signatures, tooMany],
    [['snapshot changes under its version'], cached],
    [['version 0', 'version -1'], 'it takes any number for a version.'],
    [['version 1.0'], 'JavaScript does not tell 1.0 from 1; we look at how the number is written.'],
    [
      ['hashes of a role empty', 'hashes of a target empty'],
      'it takes an empty list of hashes for one that holds.',
    ],
    [
      ['expires with an offset', 'expires with a fraction', 'expires on 30 February'],
      'it takes whatever `Date` can read, and keeps the text; we read the one form of the specification.',
    ],
    [['name twice in an object'], lastWins],
    [['lone surrogate'], 'it lets half a character through, and another character was signed.'],
    [['md5 alone'], 'it takes whatever hash its language has, md5 among them.'],
    [
      ['pattern: braces', 'pattern: class', 'pattern: negation'],
      'its patterns are those of minimatch, which give braces, classes and `!` a meaning; we read them literally.',
    ],
    [
      ['role called constructor'],
      'it looks roles up in a plain object, where `constructor` is there before anything is loaded.',
    ],
    [['pattern: hidden file'], 'for minimatch `*` does not stand for a name that begins with a dot.'],
    [
      ['pattern: exponential time'],
      'minimatch makes a regular expression of it that does not come to an end.',
    ],
    [
      ['order of numeric role names'],
      'it keeps delegations in an object, which sorts numeric names, and then cannot verify the signature.',
    ],
    [unsafeNames, unchecked],
    [namesInUrls, asItStands],
    [roles, anyRole],
  ],
  'go-tuf': [
    [schemes, keyType],
    [signatures, tooMany],
    [
      ['role of another delegator'],
      'it verifies a role once, and takes it as verified for every other delegator of that name.',
    ],
    [['snapshot changes under its version'], cached],
    [['version 0', 'version -1'], 'it takes any integer for a version.'],
    [['version beyond 2^53'], bigIntegers],
    [['spec_version 2.0'], 'it does not look at the version of the specification.'],
    [['expires with a fraction'], 'it reads every date of RFC 3339, and writes this one back as it was.'],
    [['name twice in an object'], lastWins],
    [['lone surrogate'], 'its JSON parser puts another character there, which is the one that was signed.'],
    [['negative length'], 'it looks at the length of a target only when that is downloaded.'],
    [['role name twice'], 'it takes the first delegation of a name.'],
    [['pattern: class'], classes],
    [unsafeNames, unchecked],
    [namesInUrls, asItStands],
    [roles, anyRole],
  ],
  tough: [
    [signatures, tooMany],
    [['root chain longer than 256'], 'it follows up to 1,024 roots, all others stop at 256.'],
    [['version beyond 2^53'], bigIntegers],
    [['spec_version 2.0'], 'it does not look at the version of the specification.'],
    [['timestamp of 100 kB'], 'it reads up to 1 MiB, all others stop at 16 kB.'],
    [['expires in the year 9999'], 'its dates end a day before the year 9999 does.'],
    [['diamond'], 'it refuses a role that lists anything outside the paths of one of its delegators.'],
    [['40 delegations deep'], 'it loads every delegated role at once, however many there are.'],
    [['pattern: * across folders'], 'its `*` stands for slashes too.'],
    [['pattern: braces'], 'its patterns know braces; we read them literally.'],
    [['pattern: class'], classes],
    [['role name twice'], 'it takes the first delegation of a name.'],
    [unsafeNames.filter((id) => id !== 'target without a name'), unchecked],
    [namesInUrls, asItStands],
    [roles, anyRole],
  ],
};

function byInput(list: readonly Explained[]): ReadonlyMap<string, string> {
  return new Map(list.flatMap(([inputs, why]) => inputs.map((id) => [id, why] as const)));
}

/** Why a peer accepts what we refuse, or the other way round: by peer, by input. A sentence each, for docs/interop.md. */
export const differences: ReadonlyMap<PeerName, ReadonlyMap<string, string>> = new Map([
  ['python-tuf', byInput(explained['python-tuf'])],
  ['tuf-js', byInput(explained['tuf-js'])],
  ['go-tuf', byInput(explained['go-tuf'])],
  ['tough', byInput(explained.tough)],
]);
