import { roleName, type Delegations, type RoleName } from '@ragnos/tuf';

/** `<prefix>-<hex>`, as TAP 15 names them; hash-prefix bins are named alike. */
export function binNames(prefix: string, bitLength: number): readonly RoleName[] {
  const digits = Math.ceil(bitLength / 4);
  return Array.from({ length: 2 ** bitLength }, (_, index) =>
    roleName(`${prefix}-${index.toString(16).padStart(digits, '0')}`),
  );
}

/** Whether `delegations`, those of `role`, do nothing but split it by hash: its bins then share its signers and its life. */
export function isSplit(delegations: Delegations | null): boolean {
  if (delegations === null) return false;
  const { roles, succinctRoles } = delegations;
  return (
    succinctRoles !== null ||
    (roles !== null && roles.length > 0 && roles.every((r) => r.pathHashPrefixes !== null))
  );
}
