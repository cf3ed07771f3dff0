// Twins of the suite's test_updater_delegation_graphs.py, each under its name.
import { expect, test } from 'vitest';

import type { Repository } from './repository.ts';
import { initialised } from './twin.ts';

interface Graph {
  /** `delegator > role`, `delegator > role !` if terminating, `delegator > role: pattern …`; all paths if none is named. */
  readonly delegations: readonly string[];
  /** The delegated roles that a search for a path which nobody lists asks for, in order. */
  readonly visited: string;
}

const graphs: Readonly<Record<string, Graph>> = {
  'basic-delegation': { delegations: ['targets > A'], visited: 'A' },
  'single-level-delegations': { delegations: ['targets > A', 'targets > B'], visited: 'A B' },
  'two-level-delegations': { delegations: ['targets > A', 'targets > B', 'B > C'], visited: 'A B C' },
  'two-level-test-DFS-order-of-traversal': {
    delegations: ['targets > A', 'targets > B', 'A > C', 'A > D'],
    visited: 'A C D B',
  },
  'three-level-delegation-test-DFS-order-of-traversal': {
    delegations: ['targets > A', 'targets > B', 'A > C', 'C > D'],
    visited: 'A C D B',
  },
  'two-level-terminating-ignores-all-but-roles-descendants': {
    delegations: ['targets > A', 'targets > B', 'A > C !', 'A > D'],
    visited: 'A C',
  },
  'three-level-terminating-ignores-all-but-roles-descendants': {
    delegations: ['targets > A', 'targets > B', 'A > C !', 'C > D'],
    visited: 'A C D',
  },
  'two-level-ignores-all-branches-not-matching-paths': {
    delegations: ['targets > A: *.py', 'targets > B', 'A > C'],
    visited: 'B',
  },
  'three-level-ignores-all-branches-not-matching-paths': {
    delegations: ['targets > A', 'targets > B', 'A > C: *.py', 'C > D'],
    visited: 'A B',
  },
  'cyclic-graph': {
    delegations: ['targets > A', 'targets > B', 'B > C', 'C > D', 'D > B'],
    visited: 'A B C D',
  },
  'two-roles-delegating-to-a-third': {
    delegations: ['targets > A', 'targets > B', 'B > C', 'A > C'],
    visited: 'A C B', // A's word for C comes first
  },
  'two-roles-delegating-to-a-third-different-paths': {
    delegations: ['targets > A', 'targets > B', 'B > C', 'A > C: *.py'],
    visited: 'A B C',
  },
};

function delegate(repo: Repository, delegations: readonly string[]): void {
  const roles = new Set<string>();
  for (const text of delegations) {
    const [, from = '', role = '', end = '', patterns] = /^(\w+) > (\w+)( !)?(?:: (.+))?$/.exec(text) ?? [];
    const paths = patterns?.split(' ') ?? ['*'];
    repo.delegate(from, role, { terminating: end !== '', paths });
    roles.add(from).add(role);
  }
  repo.publish(...roles, 'snapshot', 'timestamp');
}

/** After the four files of the refresh, without their version, which is 1. */
function delegatedAsked(repo: Repository): readonly string[] {
  return repo.metadataAsked.slice(4).map((name) => name.replace(/^1\.(.+)\.json$/, '$1'));
}

for (const [name, { delegations, visited }] of Object.entries(graphs))
  test(`test_graph_traversal[${name}]`, async () => {
    const twin = await initialised();
    delegate(twin.repo, delegations);
    expect(await twin.download('missingpath')).toBe(1);
    expect(delegatedAsked(twin.repo)).toEqual(visited.split(' '));
  });

const tree = [
  'targets > A: *.doc *.md foo-?.tgz',
  'targets > B: releases/*/*',
  'B > C: releases/x/*',
  'B > D: releases/y/*.zip',
];
/** `role path`: what it lists, allowed or not. */
const files = [
  'targets targetfile',
  'A README.md',
  'A releases/README.md',
  'A foo-1.tgz',
  'A foo-alpha.tgz',
  'C releases/x/x_v1',
  'D releases/y/y_v1.zip',
  'D releases/z/z_v1.zip',
];
const searches: Readonly<Record<string, readonly [path: string, found: boolean, visited: string]>> = {
  'no delegations': ['targetfile', true, ''],
  'targetpath matches wildcard': ['README.md', true, 'A'],
  'targetpath with separators x': ['releases/x/x_v1', true, 'B C'],
  'targetpath with separators y': ['releases/y/y_v1.zip', true, 'B D'],
  'targetpath is not delegated by all roles in the chain': ['releases/z/z_v1.zip', false, 'B'],
  'wildcard does not match path separator': ['releases/README.md', false, ''],
  'targetpath matches question mark wildcard': ['foo-1.tgz', true, 'A'],
  'targetpath does not match question mark wildcard': ['foo-alpha.tgz', false, ''],
  'targetpath matching is case sensitive': ['README.MD', false, ''],
};
for (const [name, [path, found, visited]] of Object.entries(searches))
  test(`test_targetfile_search[${name}]`, async () => {
    const twin = await initialised();
    const listed = files.map((file) => file.split(' '));
    delegate(twin.repo, tree);
    for (const [role = '', file = ''] of listed) twin.repo.addArtifact(role, file, `${file} by ${role}`);
    for (const role of ['targets', 'A', 'B', 'C', 'D']) twin.repo.restart(role); // all of it in version 1
    twin.repo.publish('targets', 'A', 'B', 'C', 'D', 'snapshot', 'timestamp');
    expect(await twin.download(path)).toBe(found ? 0 : 1);
    const [owner = ''] = listed.find(([, file]) => file === path) ?? [];
    expect(await twin.downloaded()).toEqual(found ? [`${path} by ${owner}`] : []);
    expect(delegatedAsked(twin.repo)).toEqual(visited.split(' ').filter((role) => role !== ''));
  });

test('test_cached_role_is_verified_against_current_delegator', async () => {
  const twin = await initialised();
  const { repo } = twin;
  for (const team of ['a', 'b']) repo.delegate('targets', `parent-${team}`, { paths: [`team-${team}/*`] });
  const first = repo.delegate('parent-a', 'release', { paths: ['team-a/*'] });
  repo.delegate('parent-b', 'release', { paths: ['team-b/*'] });
  repo.signers.set('release', [first]); // what parent-b trusts has not signed
  repo.addArtifact('release', 'team-a/trusted_root.json', 'trusted A');
  repo.addArtifact('release', 'team-b/trusted_root.json', 'malicious B');
  repo.publish('release', 'parent-a', 'parent-b', 'targets', 'snapshot', 'timestamp');
  expect(await twin.download('team-a/trusted_root.json', 'team-b/trusted_root.json')).toBe(1);
  expect(await twin.downloaded()).toEqual(['trusted A']);
  expect(twin.said.join()).toContain('UNSIGNED');
});

test('test_delegation_not_in_snapshot', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.delegate('targets', 'delegated', { paths: ['delegatedpath/*'] });
  repo.publish('delegated', 'targets');
  repo.snapshot.meta.delete('delegated.json');
  repo.publish('snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  repo.metadataAsked.splice(0);
  expect(await twin.download('delegatedpath/foo')).toBe(1);
  expect(twin.refused()).toEqual(['UNKNOWN_ROLE']);
  expect(await twin.version('delegated')).toBe(null);
  expect(repo.metadataAsked).toEqual(['2.root.json', 'timestamp.json']);
});
