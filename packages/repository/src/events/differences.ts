import { createHash } from 'node:crypto';
import {
  canonicalJson,
  formatDate,
  keyToJson,
  type Delegations,
  type Hashes,
  type JsonOutput,
  type Key,
  type KeyId,
  type MetaFile,
  type RoleKeys,
  type Root,
  type Signed,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
  type Unrecognized,
} from '@ragnos/tuf';

/** One thing that differs. `before` or `after` is `null` where there is nothing on that side. */
export interface Difference {
  /** `key`, `signer`, `threshold`, `expires`, `target`, `delegation`, …: for programs. */
  readonly what: string;
  /** Whose: a role, a path, a key id, the name of a member. */
  readonly of: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * All that differs between two signed parts of one role, `before` null for a role that is new. Complete: two parts
 * without a difference are signed as the same bytes, but for the order of what has none.
 */
export function differences(before: Signed | null, after: Signed): readonly Difference[] {
  const common = [
    ...one('type', '', before?.type ?? null, after.type),
    ...one('version', '', before === null ? null : String(before.version), String(after.version)),
    ...one('expires', '', before === null ? null : formatDate(before.expires), formatDate(after.expires)),
    ...one('spec version', '', before?.specVersion ?? null, after.specVersion),
    ...members('', before?.unrecognized ?? null, after.unrecognized),
  ];
  return [...common, ...byType(before, after)];
}

/** Whether it is more than the same root with a longer life. */
export function changesRoot(before: Root, next: Root): boolean {
  return differences(before, next).some(({ what }) => what !== 'version' && what !== 'expires');
}

/** As lines for people: `+` what is new, `-` what goes, `~` what changes. */
export function differenceLines(list: readonly Difference[]): readonly string[] {
  return list.map(({ what, of, before, after }) => {
    const sign = before === null ? '+' : after === null ? '-' : '~';
    const value = before === null ? after : after === null ? before : `${before} → ${after}`;
    return `${sign} ${[what, of].filter((word) => word !== '').join(' ')}: ${value ?? ''}`;
  });
}

function byType(before: Signed | null, after: Signed): readonly Difference[] {
  switch (after.type) {
    case 'root':
      return ofRoot(before?.type === 'root' ? before : null, after);
    case 'timestamp':
      return ofTimestamp(before?.type === 'timestamp' ? before : null, after);
    case 'snapshot':
      return ofSnapshot(before?.type === 'snapshot' ? before : null, after);
    case 'targets':
      return ofTargets(before?.type === 'targets' ? before : null, after);
  }
}

function ofRoot(before: Root | null, after: Root): readonly Difference[] {
  const yesNo = (root: Root | null): string | null =>
    root === null ? null : String(root.consistentSnapshot);
  return [
    ...one('consistent snapshot', '', yesNo(before), String(after.consistentSnapshot)),
    ...keysOf(before?.keys ?? new Map(), after.keys),
    ...mapped(before?.roles ?? new Map<string, RoleKeys>(), after.roles, signersOf),
  ];
}

function ofTimestamp(before: Timestamp | null, after: Timestamp): readonly Difference[] {
  return metaFile('snapshot', before?.snapshot ?? null, after.snapshot);
}

function ofSnapshot(before: Snapshot | null, after: Snapshot): readonly Difference[] {
  return mapped(before?.meta ?? new Map<string, MetaFile>(), after.meta, metaFile);
}

function ofTargets(before: Targets | null, after: Targets): readonly Difference[] {
  return [
    ...mapped(before?.targets ?? new Map<string, TargetFile>(), after.targets, targetFile),
    ...delegations(before?.delegations ?? null, after.delegations),
  ];
}

function delegations(before: Delegations | null, after: Delegations | null): readonly Difference[] {
  const roles = (from: Delegations | null) => new Map((from?.roles ?? []).map((role) => [role.name, role]));
  const [old, next] = [roles(before), roles(after)];
  const kept = (names: Iterable<string>, others: ReadonlyMap<string, unknown>): string =>
    [...names].filter((name) => others.has(name)).join(', ');
  const bins = (from: Delegations | null): RoleKeys | null => from?.succinctRoles ?? null;
  const split = (from: Delegations | null): string | null =>
    from === null || from.succinctRoles === null
      ? null
      : `2^${from.succinctRoles.bitLength} bins ${from.succinctRoles.namePrefix}-…`;
  return [
    ...keysOf(before?.keys ?? new Map(), after?.keys ?? new Map()),
    ...mapped(old, next, (name, was, is) => [
      ...one('delegation', name, delegated(was), delegated(is)),
      ...signersOf(name, was, is),
    ]),
    ...one('order of delegations', '', kept(old.keys(), next), kept(next.keys(), old)),
    ...one('split', '', split(before), split(after)),
    ...signersOf('of all bins', bins(before), bins(after)),
    ...members('delegations', before?.unrecognized ?? null, after?.unrecognized ?? null),
  ];
}

type DelegatedRole = NonNullable<Delegations['roles']>[number];

function delegated(role: DelegatedRole | null): string | null {
  if (role === null) return null;
  const paths = role.paths ?? (role.pathHashPrefixes ?? []).map((prefix) => `hash ${prefix}…`);
  const shown = paths.length > 20 ? [...paths.slice(0, 20), `and ${paths.length - 20} more`] : paths;
  // The digest of all of them: what is cut from the line still shows when it changes.
  const cut =
    paths.length > 20
      ? ` (sha256:${createHash('sha256').update(text(paths)).digest('hex').slice(0, 32)})`
      : '';
  return `${shown.join(' ')}${cut}, ${role.terminating ? 'terminating' : 'not terminating'}`;
}

/** Who may sign `role`, and how many must. */
function signersOf(role: string, before: RoleKeys | null, after: RoleKeys | null): readonly Difference[] {
  const of = (keys: RoleKeys | null): string | null =>
    keys === null ? null : `${keys.threshold} of ${keys.keyIds.length}`;
  const ids = (keys: RoleKeys | null): ReadonlySet<string> => new Set(keys?.keyIds);
  const [old, next] = [ids(before), ids(after)];
  return [
    ...one('threshold', role, of(before), of(after)),
    ...[...next].filter((id) => !old.has(id)).map((id) => diff('signer', role, null, id)),
    ...[...old].filter((id) => !next.has(id)).map((id) => diff('signer', role, id, null)),
    ...members(role, before?.unrecognized ?? null, after?.unrecognized ?? null),
  ];
}

function keysOf(before: ReadonlyMap<KeyId, Key>, after: ReadonlyMap<KeyId, Key>): readonly Difference[] {
  // The id stands for all of the key where it is its sha256; where it is not, the digest says so.
  const shown = (key: Key | null): string | null => {
    if (key === null) return null;
    const digest = createHash('sha256')
      .update(text(keyToJson(key)))
      .digest('hex');
    return digest === key.keyId ? key.scheme : `${key.scheme}, whose sha256 is ${digest}`;
  };
  return mapped(before, after, (id, old, next) => one('key', id, shown(old), shown(next)));
}

function metaFile(role: string, before: MetaFile | null, after: MetaFile | null): readonly Difference[] {
  const shown = (file: MetaFile | null): string | null =>
    file === null
      ? null
      : [
          `version ${file.version}`,
          ...(file.length === null ? [] : [`${file.length} bytes`]),
          ...hashes(file.hashes),
        ].join(', ');
  return [
    ...one('role', role, shown(before), shown(after)),
    ...members(role, before?.unrecognized ?? null, after?.unrecognized ?? null),
  ];
}

function targetFile(
  path: string,
  before: TargetFile | null,
  after: TargetFile | null,
): readonly Difference[] {
  const shown = (file: TargetFile | null): string | null =>
    file === null
      ? null
      : [
          `${file.length} bytes`,
          ...hashes(file.hashes),
          ...(file.custom === undefined ? [] : [`custom ${text(file.custom)}`]),
        ].join(', ');
  return [
    ...one('target', path, shown(before), shown(after)),
    ...members(path, before?.unrecognized ?? null, after?.unrecognized ?? null),
  ];
}

function hashes(of: Hashes | null): readonly string[] {
  return [...(of ?? [])].map(([algorithm, digest]) => `${algorithm}:${digest}`);
}

function members(of: string, before: Unrecognized | null, after: Unrecognized | null): readonly Difference[] {
  const texts = (from: Unrecognized | null): ReadonlyMap<string, string> =>
    new Map([...(from ?? [])].map(([name, value]) => [name, text(value)]));
  return mapped(texts(before), texts(after), (name, old, next) =>
    one('member', [of, name].filter((word) => word !== '').join('.'), old, next),
  );
}

function mapped<K extends string, V>(
  before: ReadonlyMap<K, V>,
  after: ReadonlyMap<K, V>,
  compare: (name: K, before: V | null, after: V | null) => readonly Difference[],
): readonly Difference[] {
  const names = [...before.keys(), ...[...after.keys()].filter((name) => !before.has(name))];
  return names.flatMap((name) => {
    const [old, next] = [before.get(name) ?? null, after.get(name) ?? null];
    return old === next ? [] : compare(name, old, next);
  });
}

function one(what: string, of: string, before: string | null, after: string | null): readonly Difference[] {
  return before === after ? [] : [diff(what, of, before, after)];
}

function diff(what: string, of: string, before: string | null, after: string | null): Difference {
  return { what, of, before, after };
}

function text(value: JsonOutput): string {
  return new TextDecoder().decode(canonicalJson(value));
}
