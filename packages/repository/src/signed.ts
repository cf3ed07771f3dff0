import { createHash } from 'node:crypto';
import {
  formatDate,
  hexDigest,
  roleName,
  signedToBytes,
  UnsignedMetadataError,
  verifyThreshold,
  type DelegatedRole,
  type Delegations,
  type HexDigest,
  type Key,
  type KeyId,
  type MetaFile,
  type RoleKeys,
  type RoleName,
  type Targets,
} from '@ragnos/tuf';
import { binNames } from './bins.ts';
import { binStyles } from './compat-facts.ts';
import type { Client } from './compat.ts';
import { PublishError } from './errors.ts';
import type { DelegationLayout, Lifetimes, RepositoryLayout, RoleLayout } from './layout.ts';

export const specVersion = '1.0.34';
export const targetsRole = roleName('targets');
export const rootRole = roleName('root');

export function sha256(bytes: Uint8Array): HexDigest {
  return hexDigest(createHash('sha256').update(bytes).digest('hex'));
}

/** Whole seconds: what the wire holds. */
export function expiry(now: Date, seconds: number): Date {
  return new Date((Math.floor(now.getTime() / 1000) + seconds) * 1000);
}

export function sameDate(a: Date, b: Date): boolean {
  return formatDate(a) === formatDate(b);
}

/** `splits`: the role of which `role` is a bin. */
export function lifetimeOf(lifetimes: Lifetimes, role: string, splits: string | null): number {
  switch (role) {
    case 'root':
    case 'targets':
    case 'snapshot':
    case 'timestamp':
      return lifetimes[role];
    default:
      return (
        lifetimes.roles?.get(role) ??
        (splits === null ? undefined : lifetimes.roles?.get(splits)) ??
        lifetimes.delegated
      );
  }
}

export function metaFile(version: number, bytes: Uint8Array, digest = sha256(bytes)): MetaFile {
  return {
    version,
    length: bytes.length,
    hashes: new Map([['sha256', digest]]),
    unrecognized: new Map(),
  };
}

/** What a snapshot says of a bin that its own keys sign. */
export function bareMetaFile(version: number): MetaFile {
  return { version, length: null, hashes: null, unrecognized: new Map() };
}

export function roleKeys(layout: RoleLayout): RoleKeys {
  return {
    keyIds: layout.keys.map((key) => key.keyId),
    threshold: layout.threshold,
    unrecognized: new Map(),
  };
}

/** What `roleKeys` and `keysById` took apart; a key that is not there is left out. */
export function roleLayout(
  { keyIds, threshold }: Pick<RoleKeys, 'keyIds' | 'threshold'>,
  keys: ReadonlyMap<KeyId, Key>,
): RoleLayout {
  return { keys: keyIds.map((id) => keys.get(id)).filter((key) => key !== undefined), threshold };
}

/** Whether as many of the role's keys as it takes have signed. */
export function isSignedBy(
  metadata: Parameters<typeof verifyThreshold>[0],
  role: RoleKeys,
  keys: ReadonlyMap<KeyId, Key>,
): boolean {
  try {
    verifyThreshold(metadata, role, keys, 'what was signed');
    return true;
  } catch (error) {
    if (error instanceof UnsignedMetadataError) return false;
    throw error;
  }
}

export function emptyTargets(delegations: Delegations | null): Omit<Targets, 'version' | 'expires'> {
  return { type: 'targets', specVersion, targets: new Map(), delegations, unrecognized: new Map() };
}

export function sameDelegations(a: Delegations | null, b: Delegations | null): boolean {
  if (a === b) return true;
  const bytes = (delegations: Delegations | null): Uint8Array =>
    signedToBytes({ ...emptyTargets(delegations), version: 1, expires: new Date(0) });
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}

export function keysById(keys: readonly Key[]): ReadonlyMap<KeyId, Key> {
  return new Map(keys.map((key) => [key.keyId, key]));
}

export function delegatedRole(layout: DelegationLayout): DelegatedRole {
  return {
    name: roleName(layout.name),
    ...roleKeys(layout),
    terminating: layout.terminating,
    paths: layout.paths,
    pathHashPrefixes: null,
  };
}

/** What the top-level targets role delegates; `null`: nothing. */
export function topDelegations({ delegations = [] }: RepositoryLayout): Delegations | null {
  if (delegations.length === 0) return null;
  const keys = keysById(delegations.flatMap((delegation) => delegation.keys));
  return { keys, roles: delegations.map(delegatedRole), succinctRoles: null, unrecognized: new Map() };
}

/**
 * What a split role delegates to; `null` for one that is not split. Where no style serves all of `compat`, it is refused later.
 * `snapshot`: who signs the snapshot; `null` where nobody knows, and then bins cannot be put under its keys (BAD_LAYOUT).
 */
export function binDelegations(
  layout: DelegationLayout,
  compat: readonly Client[],
  snapshot: RoleLayout | null,
): Delegations | null {
  if (layout.bins === undefined) return null;
  const { bitLength, style = binStyles(compat)[0] ?? 'succinct', signedBy = 'role' } = layout.bins;
  const signers = signedBy === 'snapshot' ? snapshot : layout;
  if (signers === null)
    throw new PublishError('BAD_LAYOUT', `${layout.name}: the keys of the snapshot are not known here`);
  const keys = keysById(signers.keys);
  const unrecognized = new Map();
  if (style === 'succinct') {
    const succinctRoles = { ...roleKeys(signers), bitLength, namePrefix: layout.name };
    return { keys, roles: null, succinctRoles, unrecognized };
  }
  const roles = binNames(layout.name, bitLength).map((name, index) => ({
    name,
    ...roleKeys(signers),
    terminating: true,
    paths: null,
    pathHashPrefixes: hashPrefixes(index, bitLength),
  }));
  return { keys, roles, succinctRoles: null, unrecognized };
}

/** The hex prefixes whose first `bitLength` bits are `index`: one where it is a multiple of 4, else 2, 4 or 8. */
function hashPrefixes(index: number, bitLength: number): readonly string[] {
  const digits = Math.ceil(bitLength / 4);
  const spare = digits * 4 - bitLength;
  return Array.from({ length: 2 ** spare }, (_, low) =>
    ((index << spare) + low).toString(16).padStart(digits, '0'),
  );
}

/** The names of the roles that `delegations` delegates to, bins included, in trust order. */
export function delegatedNames(delegations: Delegations | null): readonly RoleName[] {
  if (delegations === null) return [];
  const { roles, succinctRoles } = delegations;
  if (succinctRoles !== null) return binNames(succinctRoles.namePrefix, succinctRoles.bitLength);
  return (roles ?? []).map((role) => role.name);
}
