import type { DelegatedRole, Delegations, RoleName, Root } from '@ragnos/tuf';
import { binsUnderSnapshot } from '../bins.ts';
import { delegatedNames, targetsRole } from '../signed.ts';
import type { CheckedHead, CheckedRole } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { some } from './words.ts';

/** What the metadata says of itself: cheap enough for each publish. */
export function* form(head: CheckedHead): Generator<Finding> {
  const { root, snapshot, roles } = head;
  if (!root.signed.consistentSnapshot)
    yield finding(
      'consistent-snapshot',
      'root says consistent_snapshot: false, so that clients in the middle of a refresh see files change',
      'publish a root with consistent snapshots: ragv root rotate',
    );
  const specs = [root, head.timestamp, snapshot, ...roles].map(({ signed }) => signed.specVersion);
  const odd = specs.find((spec) => !/^1\.0\.\d+$/.test(spec));
  if (odd !== undefined)
    yield finding(
      'spec-version',
      `spec_version is ${JSON.stringify(odd)}; clients expect three parts, like 1.0.34`,
      'ragv refresh --force',
    );
  yield* listed(head);
  for (const role of roles) yield* delegations(role);
}

/** What a publish may spend on it, in entries of the snapshot; a thorough look reads them all. */
const cheapEntries = 256;

function* listed({ snapshot, roles, root, complete }: CheckedHead): Generator<Finding> {
  const { meta } = snapshot.signed;
  if (!complete && meta.size > cheapEntries) return;
  const missing = roles.flatMap(({ signed: { delegations } }) =>
    names(delegations).filter((name) => !meta.has(name)),
  );
  if (missing.length > 0)
    yield finding(
      'role-unlisted',
      `delegated to, and not in the snapshot: ${some(missing)}; clients that look there fail`,
      'sign the role and publish it, or remove the delegation',
    );
  // Only of what somebody here delegates to: nobody reads the others.
  const bare = [
    targetsRole,
    ...roles.flatMap(({ signed }) => toBeHashed(root.signed, signed.delegations)),
  ].filter((name) => meta.get(name)?.hashes === null);
  if (bare.length > 0)
    yield finding(
      'snapshot-hash',
      `the snapshot gives no hash of ${some(bare)}: whoever holds its key can serve two files of one version`,
      'ragv refresh --force',
    );
}

/** Bins are read as they are listed; a foreign repository may have billions. */
function names(delegations: Delegations | null): readonly RoleName[] {
  return (delegations?.succinctRoles?.bitLength ?? 0) > 16 ? [] : delegatedNames(delegations);
}

/** What the snapshot should list with a hash: all but the bins that its own keys sign. */
function toBeHashed(root: Root, delegations: Delegations | null): readonly RoleName[] {
  const all = names(delegations);
  const excused = new Set(all.length === 0 ? [] : binsUnderSnapshot(root, delegations));
  return all.filter((name) => !excused.has(name));
}

function* delegations({ name: delegator, signed }: CheckedRole): Generator<Finding> {
  const roles = (signed.delegations?.roles ?? []).filter(({ paths }) => paths !== null);
  for (const { name, paths } of roles) {
    const odd = (paths ?? []).filter(
      (pattern) => !/^[\x21-\x7e]+$/.test(pattern) || /[{}[\]()!#\\"+@|^$]|\*\*/.test(pattern),
    );
    if (odd.length > 0)
      yield finding(
        'delegation-pattern',
        `${name}: ${some(odd.map((pattern) => JSON.stringify(pattern)))} does not mean the same to all clients`,
        'use literals, * and ?, one path segment each',
      );
  }
  const open = roles.filter(({ terminating }) => !terminating);
  if (open.length > 0)
    yield finding(
      'delegation-open',
      `${delegator} delegates to ${some(open.map(({ name }) => name))} without terminating: what they do not list, later roles may`,
      'make the delegations terminating',
    );
}

/** Two delegations of one role that cover a common path: then their order decides. For a thorough look alone. */
export function* overlaps({ roles }: CheckedHead): Generator<Finding> {
  for (const { name, signed } of roles) {
    const pairs = new Set<string>();
    for (const group of comparable(signed.delegations?.roles ?? []))
      for (const [index, one] of group.entries())
        for (const other of group.slice(index + 1))
          if (one.role !== other.role && common(one.pattern, other.pattern))
            pairs.add(described(one.role, other.role));
    if (pairs.size > 0)
      yield finding(
        'delegation-overlap',
        `below ${name} the same paths belong to ${some([...pairs])}: their order decides`,
        'keep the paths of delegations apart',
      );
  }
}

interface Covering {
  readonly role: DelegatedRole;
  readonly pattern: string;
}

/** Patterns that may meet, so that a thousand vendors are not compared with each other: by depth and their first literals. */
function comparable(roles: readonly DelegatedRole[]): readonly (readonly Covering[])[] {
  const all = roles.flatMap((role) => (role.paths ?? []).map((pattern): Covering => ({ role, pattern })));
  const start = ({ pattern }: Covering): string => {
    const segments = pattern.split('/');
    const literal = segments.slice(0, 2).join('/');
    return `${segments.length} ${/[*?]/.test(literal) ? '*' : literal}`;
  };
  const groups = Map.groupBy(all, start);
  return [...groups].map(([key, group]) => {
    const wild = groups.get(`${key.split(' ')[0] ?? ''} *`) ?? [];
    return wild === group ? group : [...group, ...wild];
  });
}

function described(one: DelegatedRole, other: DelegatedRole): string {
  return `${one.name} and ${other.name}`;
}

function common(a: string, b: string): boolean {
  const left = a.split('/');
  const right = b.split('/');
  return left.every((segment, index) => meets(segment, right[index] ?? ''));
}

/** Whether some text matches both of two segments with `*` and `?`; by the table of their prefixes. */
function meets(a: string, b: string): boolean {
  if (!/[*?]/.test(a) && !/[*?]/.test(b)) return a === b;
  let row = Array.from({ length: b.length + 1 }, (_, j) => /^\**$/.test(b.slice(0, j)));
  for (let i = 1; i <= a.length; i++) {
    const next = [row[0] === true && a[i - 1] === '*'];
    for (let j = 1; j <= b.length; j++) {
      const [x, y] = [a[i - 1], b[j - 1]];
      const star = (x === '*' || y === '*') && (row[j] === true || next[j - 1] === true);
      next.push(
        star || (row[j - 1] === true && (x === y || x === '?' || y === '?' || x === '*' || y === '*')),
      );
    }
    row = next;
  }
  return row[b.length] === true;
}

/** Names and hashes of all targets: for a thorough look alone. */
export function* targetForms({ roles }: CheckedHead): Generator<Finding> {
  const hashes: string[] = [];
  const odd: string[] = [];
  for (const { signed } of roles)
    for (const [path, file] of signed.targets) {
      if (file.hashes.size !== 1 || !file.hashes.has('sha256')) hashes.push(path);
      if (!/^[\x21-\x7e]+$/.test(path) || /[!"%]/.test(path) || path.normalize('NFC') !== path)
        odd.push(path);
    }
  if (hashes.length > 0)
    yield finding(
      'target-hash',
      `listed with other hashes than sha256 alone: ${some(hashes)}; clients look for the file of the hash that comes first`,
      'publish them again',
    );
  if (odd.length > 0)
    yield finding(
      'target-name',
      `not every client asks for ${some(odd.map((path) => JSON.stringify(path)))} at the same address`,
      'use letters, digits and -._~+ in names, no space, !, " or %',
    );
}
