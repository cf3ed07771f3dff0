import {
  keyFingerprint,
  roleName,
  type Delegations,
  type Key,
  type KeyId,
  type RoleKeys,
  type RoleName,
  type Root,
} from '@ragnos/tuf';
import type { RoleLayout } from './layout.ts';

/** `<prefix>-<hex>`, as TAP 15 names them; hash-prefix bins are named alike. */
export function binNames(prefix: string, bitLength: number): readonly RoleName[] {
  const digits = Math.ceil(bitLength / 4);
  return Array.from({ length: 2 ** bitLength }, (_, index) =>
    roleName(`${prefix}-${index.toString(16).padStart(digits, '0')}`),
  );
}

/** Whether `delegations`, those of `role`, do nothing but split it by hash: its bins then share its life. */
export function isSplit(delegations: Delegations | null): boolean {
  if (delegations === null) return false;
  const { roles, succinctRoles } = delegations;
  return (
    succinctRoles !== null ||
    (roles !== null && roles.length > 0 && roles.every((r) => r.pathHashPrefixes !== null))
  );
}

type Keys = ReadonlyMap<KeyId, Key>;

/**
 * Whether a role is signed by exactly the keys that sign the snapshot: the same material, the same threshold. A bin of which this
 * is true needs no hash in the snapshot, since whoever could sign another one could sign another snapshot. Asked of the root in
 * force at each commit and never remembered: after a change of keys it is not true any more.
 */
export function isUnderSnapshot(root: Root, role: RoleKeys, keys: Keys): boolean {
  const snapshot = root.roles.get('snapshot');
  if (snapshot === undefined || snapshot.threshold !== role.threshold) return false;
  const [own, online] = [material(role, keys), material(snapshot, root.keys)];
  return own !== null && online !== null && own.symmetricDifference(online).size === 0;
}

/** `null`: one of them is not there, or of no use. */
function material({ keyIds }: RoleKeys, keys: Keys): ReadonlySet<string> | null {
  const found = new Set<string>();
  for (const id of keyIds) {
    const key = keys.get(id);
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (fingerprint === null) return null;
    found.add(fingerprint);
  }
  return found;
}

/** Those of the bins in `delegations` that are signed by the snapshot's own keys; none where they do not split a role. */
export function binsUnderSnapshot(root: Root, delegations: Delegations | null): readonly RoleName[] {
  if (delegations === null || !isSplit(delegations)) return [];
  const { keys, roles, succinctRoles } = delegations;
  if (succinctRoles === null)
    return (roles ?? []).filter((role) => isUnderSnapshot(root, role, keys)).map(({ name }) => name);
  const { namePrefix, bitLength } = succinctRoles;
  return isUnderSnapshot(root, succinctRoles, keys) ? binNames(namePrefix, bitLength) : [];
}

/** Who signs the snapshot now. */
export function snapshotLayout(root: Root): RoleLayout {
  const { keyIds, threshold } = root.roles.get('snapshot') ?? { keyIds: [], threshold: 1 };
  return { keys: keyIds.map((id) => root.keys.get(id)).filter((key) => key !== undefined), threshold };
}
