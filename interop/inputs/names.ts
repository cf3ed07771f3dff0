import type { Input } from './input.ts';

/** A role that lists a target which nobody asks for. */
function listed(id: string, name: string, what: string): Input {
  return {
    id,
    what,
    ours: 'MALFORMED',
    spoil: (forge) => forge.target('targets', name, 'harmless until it is written somewhere\n'),
  };
}

/** Targets whose names lead out of a folder, or mean something else elsewhere. */
export const targetNames: readonly Input[] = [
  listed('target ../', '../evil.txt', 'a target called `../evil.txt`'),
  listed('target with ../ inside', 'a/../../evil.txt', 'a target called `a/../../evil.txt`'),
  listed('target with a dot segment', 'a/./b.txt', 'a target called `a/./b.txt`'),
  listed('absolute target', '/etc/evil.txt', 'a target called `/etc/evil.txt`'),
  listed('target with a drive', 'C:/evil.txt', 'a target called `C:/evil.txt`'),
  listed('target with a backslash', String.raw`..\evil.txt`, String.raw`a target called ` + '`..\\evil.txt`'),
  listed('target with NUL', 'a\0b.txt', 'a target with a NUL in its name'),
  listed('target without a name', '', 'a target whose name is empty'),
  listed('target that is a folder', 'a/', 'a target called `a/`'),
  listed('target of 300 bytes', 'n'.repeat(300), 'a target whose name no file system takes'),
];

/** Names with what means something else in a URL: good, and publishing refuses them all the same. */
export const urlNames: readonly Input[] = [
  { sign: 'percent sign', path: 'a%41b.txt' },
  { sign: 'number sign', path: 'a#b.txt' },
].map(({ sign, path }) => ({
  id: `target with a ${sign}`,
  what: `a target called \`${path}\``,
  ours: 'accepted',
  tolerant: 'it is good: we escape it in the URL. Publishing refuses it, since nobody else does',
  paths: [path],
  spoil: (forge) => forge.target('targets', path, 'a file like any other\n'),
}));

/** The same of roles. */
export const roleNames: readonly Input[] = [
  {
    id: 'role ../',
    what: 'CVE-2026-6968: a delegated role called `../evil`',
    ours: 'accepted',
    tolerant:
      'a role name is any text: as a file it is `..%2Fevil.json`, in the metadata folder like all others',
    paths: ['evil/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: '../evil', paths: ['evil/*'] });
      forge.target('../evil', 'evil/file.txt', 'not evil\n');
    },
  },
  {
    id: 'role called ..',
    what: 'a delegated role called `..`',
    ours: 'MALFORMED',
    paths: ['evil/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: '..', paths: ['evil/*'] });
      forge.target('..', 'evil/file.txt', 'evil\n');
    },
  },
  {
    id: 'role that reads as a root',
    what: 'a delegated role called `2.root`, whose file in a cache would be a root',
    ours: 'MALFORMED',
    paths: ['evil/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: '2.root', paths: ['evil/*'] });
      forge.target('2.root', 'evil/file.txt', 'evil\n');
    },
  },
  {
    id: 'target called __proto__',
    what: 'a name that JavaScript gives a meaning',
    ours: 'accepted',
    tolerant: 'it is good: any text is a name',
    paths: ['__proto__'],
    spoil: (forge) => forge.target('targets', '__proto__', 'a file like any other\n'),
  },
  {
    id: 'role called constructor',
    what: 'another one',
    ours: 'accepted',
    tolerant: 'it is good: any text is a name',
    paths: ['made/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: 'constructor', paths: ['made/*'] });
      forge.target('constructor', 'made/file.txt', 'made\n');
    },
  },
];
