import { newKey, type Forge } from './forge.ts';
import type { Input } from './input.ts';
import { at } from './json.ts';

/** A role with these path patterns that lists `path`. */
function claims(forge: Forge, patterns: readonly string[], path: string): void {
  forge.delegate({ name: 'claims', paths: patterns });
  forge.target('claims', path, 'claimed\n');
}

/** Each delegates to the next; the last lists the target. */
function chain(forge: Forge, length: number): void {
  for (let depth = 1; depth <= length; depth++)
    forge.delegate({
      name: `level-${depth}`,
      from: depth === 1 ? 'targets' : `level-${depth - 1}`,
      paths: ['deep/*'],
    });
  forge.target(`level-${length}`, 'deep/file.txt', 'deep\n');
}

/** Who may list what. */
export const delegations: readonly Input[] = [
  {
    id: 'terminating ignored',
    what: 'CVE-2025-2886: a terminating role comes first and does not list the target, a later one does',
    ours: 'not found',
    paths: ['shared/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: 'owner', paths: ['shared/*'], terminating: true });
      claims(forge, ['shared/*'], 'shared/file.txt');
    },
  },
  {
    id: 'terminating ignored one level down',
    what: 'as above, and the terminating role is delegated to by another',
    ours: 'not found',
    paths: ['shared/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: 'organisation', paths: ['shared/*'] });
      forge.delegate({ name: 'owner', from: 'organisation', paths: ['shared/*'], terminating: true });
      claims(forge, ['shared/*'], 'shared/file.txt');
    },
  },
  {
    id: 'cycle',
    what: 'two roles delegate to each other; nobody lists the target',
    ours: 'not found',
    paths: ['round/file.txt'],
    spoil: (forge) => {
      const { signers } = forge.delegate({ name: 'one', paths: ['round/*'] });
      forge.delegate({ name: 'two', from: 'one', paths: ['round/*'] });
      const [key] = signers;
      forge.delegate({ name: 'one', from: 'two', paths: ['round/*'], ...(key === undefined ? {} : { key }) });
    },
  },
  {
    id: 'diamond',
    what: 'two roles delegate to a third with the same key, each for paths of its own',
    ours: 'accepted',
    tolerant: 'it is good: each delegator is asked, and each trusts the key',
    paths: ['left/file.txt', 'right/file.txt'],
    spoil: (forge) => {
      const key = newKey();
      for (const side of ['left', 'right']) {
        forge.delegate({ name: side, paths: [`${side}/*`] });
        forge.delegate({ name: 'below', from: side, paths: [`${side}/*`], key });
      }
      for (const side of ['left', 'right']) forge.target('below', `${side}/file.txt`, `${side}\n`);
    },
  },
  {
    id: '40 delegations deep',
    what: 'GHSA-j8x2-777p-23fc: the target is below forty roles, more than anybody has to visit',
    ours: 'LIMIT',
    paths: ['deep/file.txt'],
    spoil: (forge) => chain(forge, 40),
  },
  {
    id: 'target outside the paths',
    what: 'a role for `claims/*` lists `elsewhere.txt`',
    ours: 'not found',
    paths: ['elsewhere.txt'],
    spoil: (forge) => claims(forge, ['claims/*'], 'elsewhere.txt'),
  },
  {
    id: 'pattern: * across folders',
    what: 'a role for `claims/*` lists `claims/below/file.txt`',
    ours: 'not found',
    paths: ['claims/below/file.txt'],
    spoil: (forge) => claims(forge, ['claims/*'], 'claims/below/file.txt'),
  },
  {
    id: 'pattern: braces',
    what: 'a role for `{claims,others}/*` lists `others/file.txt`',
    ours: 'not found',
    paths: ['others/file.txt'],
    spoil: (forge) => claims(forge, ['{claims,others}/*'], 'others/file.txt'),
  },
  {
    id: 'pattern: class',
    what: 'a role for `[a-c]laims/*` lists `claims/file.txt`',
    ours: 'not found',
    paths: ['claims/file.txt'],
    spoil: (forge) => claims(forge, ['[a-c]laims/*'], 'claims/file.txt'),
  },
  {
    id: 'pattern: negation',
    what: 'a role for `!claims/*` lists `others/file.txt`',
    ours: 'not found',
    paths: ['others/file.txt'],
    spoil: (forge) => claims(forge, ['!claims/*'], 'others/file.txt'),
  },
  {
    id: 'pattern: hidden file',
    what: 'a role for `claims/*` lists `claims/.file`: `*` is any text within a segment',
    ours: 'accepted',
    tolerant: 'it is good: the specification gives the dot no meaning',
    paths: ['claims/.file'],
    spoil: (forge) => claims(forge, ['claims/*'], 'claims/.file'),
  },
  {
    id: 'pattern: exponential time',
    limitMs: 10_000,
    what: '`*a` twelve times and `b`, and a path of forty `a`',
    ours: 'not found',
    paths: ['a'.repeat(40)],
    spoil: (forge) => claims(forge, [`${'*a'.repeat(12)}b`], 'a'.repeat(40)),
  },
  {
    id: 'order of numeric role names',
    what: 'CVE-2024-47534: roles called `2` and `1`, in this order, list one path; the first one is right',
    ours: 'accepted',
    tolerant: 'it is good: the order in the file is the order of trust',
    paths: ['both/file.txt'],
    spoil: (forge) => {
      forge.delegate({ name: '2', paths: ['both/*'] });
      forge.delegate({ name: '1', paths: ['both/*'] });
      forge.target('1', 'both/file.txt', 'of the second\n');
      forge.target('2', 'both/file.txt', 'of the first\n');
    },
  },
  {
    id: 'role not in the snapshot',
    what: 'a delegated role that the snapshot does not list',
    ours: 'UNKNOWN_ROLE',
    spoil: (forge) => void (forge.role('vendor').listed = () => null),
  },
  {
    id: 'role without a file',
    what: 'the snapshot lists a version of a delegated role that is not served',
    ours: 'NOT_FOUND_REMOTE',
    spoil: (forge) => {
      forge.role('vendor').listed = (entry) => ({ ...entry, version: 2 });
      forge.missing.add('metadata/2.vendor.json');
    },
  },
  {
    id: 'role with the name of a top-level role',
    what: 'a delegation to `snapshot`',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.delegation('targets')['name'] = 'snapshot'),
  },
  {
    id: 'role name twice',
    what: 'two delegations of one name',
    ours: 'MALFORMED',
    spoil: (forge) => {
      const delegations = at(forge.targets.signed, 'delegations');
      const entry = forge.delegation('targets');
      delegations['roles'] = [entry, { ...entry, paths: ['other/*'] }];
    },
  },
  {
    id: 'paths and hash prefixes',
    what: 'a delegation with both',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.delegation('targets')['path_hash_prefixes'] = ['0']),
  },
  {
    id: 'neither paths nor hash prefixes',
    what: 'a delegation with neither',
    ours: 'MALFORMED',
    spoil: (forge) => void delete forge.delegation('targets')['paths'],
  },
  {
    id: 'terminating absent',
    what: 'a delegation that does not say whether it terminates',
    ours: 'MALFORMED',
    spoil: (forge) => void delete forge.delegation('targets')['terminating'],
  },
];
