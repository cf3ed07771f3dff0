import type {
  Delegations,
  Key,
  KeyId,
  Metadata,
  RoleKeys,
  RoleName,
  Signed,
  TargetPath,
  Targets,
} from '@ragnos/tuf';
import {
  binFor,
  keyFingerprint,
  matchesPattern,
  parseMetadata,
  roleName,
  rolesForTarget,
  VaultError,
  verifySignature,
  type Limits,
  type TrustedMetadataSet,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';

import type { Loader, TargetInfo } from '../updater/find.ts';
import type { Because, ExplainedKey, ExplainedRole, Explanation, Refusal } from './explanation.ts';

/** What an explanation is made from: what is trusted, the bytes that it was read from, and the search's own loader. */
export interface Grounds {
  readonly trusted: TrustedMetadataSet;
  readonly bytes: ReadonlyMap<RoleName, Uint8Array>;
  /** Targets roles as they were received for this, refused or not. */
  readonly fetched: ReadonlyMap<RoleName, Uint8Array>;
  readonly limits: Limits;
  readonly load: Loader;
  /** The search itself: handed in, for a module that is loaded late shares none with the rest (docs/adr/0006). */
  readonly find: (path: TargetPath, limits: Limits, load: Loader) => Promise<TargetInfo | null>;
}

const mostPassedOver = 100;

/** Walks exactly as a look-up does, and notes what it meets; every signature is verified once more. */
export async function explainTarget(grounds: Grounds, path: TargetPath): Promise<Explanation> {
  const roles: ExplainedRole[] = topLevel(grounds);
  const delegators = new Map<RoleName, Delegations | null>();
  let asked: Pick<Visit, 'role' | 'delegator'> | null = null;
  const load = async (role: RoleName, delegator: RoleName): Promise<Targets> => {
    asked = { role, delegator };
    const targets = await grounds.load(role, delegator);
    asked = null;
    delegators.set(role, targets.delegations);
    roles.push(
      visited(grounds, { role, delegator, targets, path, delegations: delegators.get(delegator) ?? null }),
    );
    return targets;
  };
  try {
    const found = await grounds.find(path, grounds.limits, load);
    const verdict = found === null ? 'not listed' : 'trusted';
    return { target: path, verdict, file: found === null ? null : fileOf(found), roles, refusal: null };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const refusal = refusalOf(grounds, error, asked, delegators);
    return { target: path, verdict: 'refused', file: null, roles, refusal };
  }
}

function refusalOf(
  { trusted, bytes, fetched, limits }: Grounds,
  { code, message }: VaultError,
  asked: Pick<Visit, 'role' | 'delegator'> | null,
  delegators: ReadonlyMap<RoleName, Delegations | null>,
): Refusal {
  if (asked === null) return { code, message, role: null, delegator: null, threshold: null, keys: [] };
  const { role, delegator } = asked;
  const delegations = delegators.get(delegator) ?? null;
  const roleKeys = keysFor(trusted, delegations, role);
  const { keys } = signaturesOn(
    readable(fetched.get(role) ?? bytes.get(role), limits),
    roleKeys,
    delegations?.keys ?? trusted.root.keys,
  );
  const above = delegations === null ? null : delegator;
  return { code, message, role, delegator: above, threshold: roleKeys?.threshold ?? null, keys };
}

/** What was refused may be no metadata at all. */
function readable(bytes: Uint8Array | undefined, limits: Limits): Metadata | null {
  if (bytes === undefined) return null;
  try {
    return parseMetadata(bytes, 'targets', limits);
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

function keysFor(
  { root }: TrustedMetadataSet,
  delegations: Delegations | null,
  role: RoleName,
): RoleKeys | undefined {
  if (delegations === null) return root.roles.get('targets');
  return delegations.succinctRoles ?? delegations.roles?.find(({ name }) => name === role);
}

function fileOf({ length, hashes, role }: TargetInfo): Explanation['file'] {
  return { length, hashes: Object.fromEntries(hashes), role };
}

function topLevel({ trusted, bytes, limits }: Grounds): ExplainedRole[] {
  const { root, timestamp, snapshot } = trusted;
  return ([root, timestamp, snapshot] as const).flatMap((signed) => {
    if (signed === null) return [];
    const keys = root.roles.get(signed.type);
    return keys === undefined
      ? []
      : [
          {
            ...aboutRole(signed.type, signed, keys, root.keys, bytes, limits),
            delegator: null,
            because: { kind: 'top level' } as const,
            terminating: false,
            lists: false,
            passedOver: [],
          },
        ];
  });
}

interface Visit {
  readonly role: RoleName;
  readonly delegator: RoleName;
  readonly targets: Targets;
  readonly path: TargetPath;
  /** Those of the delegator, where it is a targets role. */
  readonly delegations: Delegations | null;
}

function visited({ trusted, bytes, limits }: Grounds, visit: Visit): ExplainedRole {
  const { role, delegator, targets, path, delegations } = visit;
  const { root } = trusted;
  const delegated = delegations?.roles?.find((one) => one.name === role);
  const keys = keysFor(trusted, delegations, role);
  const lists = targets.targets.has(path);
  return {
    ...aboutRole(role, targets, keys, delegations?.keys ?? root.keys, bytes, limits),
    delegator: delegations === null ? null : delegator,
    because: delegations === null ? { kind: 'top level' } : becauseOf(delegations, role, path),
    terminating:
      delegations !== null && (delegations.succinctRoles !== null || delegated?.terminating === true),
    lists,
    passedOver: lists ? [] : passedOver(targets, path, limits),
  };
}

function becauseOf(delegations: Delegations, role: RoleName, path: TargetPath): Because {
  const { succinctRoles, roles } = delegations;
  if (succinctRoles !== null) return { kind: 'bin', bits: succinctRoles.bitLength };
  const delegated = roles?.find((one) => one.name === role);
  const digest = createHash('sha256').update(path).digest('hex');
  const prefix = delegated?.pathHashPrefixes?.find((one) => digest.startsWith(one));
  if (prefix !== undefined) return { kind: 'hash prefix', prefix };
  return { kind: 'path', pattern: delegated?.paths?.find((pattern) => matchesPattern(pattern, path)) ?? '' };
}

function passedOver(targets: Targets, path: TargetPath, limits: Limits): readonly string[] {
  const { delegations } = targets;
  if (delegations === null) return [];
  if (delegations.succinctRoles !== null) return [`every bin but ${binFor(delegations.succinctRoles, path)}`];
  const asked = new Set(rolesForTarget(delegations, path, limits).map(({ name }) => name));
  return (delegations.roles ?? [])
    .filter(({ name }) => !asked.has(name))
    .slice(0, mostPassedOver)
    .map(({ name }) => name);
}

type About = Pick<ExplainedRole, 'role' | 'version' | 'expires' | 'threshold' | 'keys' | 'signedBy'>;

function aboutRole(
  role: string,
  signed: Signed,
  roleKeys: RoleKeys | undefined,
  keys: ReadonlyMap<KeyId, Key>,
  bytes: ReadonlyMap<RoleName, Uint8Array>,
  limits: Limits,
): About {
  const file = bytes.get(roleName(role));
  const metadata = file === undefined ? null : parseMetadata(file, signed.type, limits, role);
  return {
    role,
    version: signed.version,
    expires: signed.expires.toISOString(),
    threshold: roleKeys?.threshold ?? 0,
    ...signaturesOn(metadata, roleKeys, keys),
  };
}

/** Of each key that may sign: whether it has. Verified now, not remembered. */
function signaturesOn(
  metadata: Metadata | null,
  roleKeys: RoleKeys | undefined,
  keys: ReadonlyMap<KeyId, Key>,
): Pick<ExplainedRole, 'keys' | 'signedBy'> {
  const good = new Set<string>();
  const explained = (roleKeys?.keyIds ?? []).map((keyId): ExplainedKey => {
    const key = keys.get(keyId);
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    const signature = metadata?.signatures.find((one) => one.keyId === keyId);
    const scheme = key?.scheme ?? 'unknown';
    if (key === undefined || fingerprint === null) return { keyId, scheme, signature: 'unusable' };
    if (metadata === null || signature === undefined) return { keyId, scheme, signature: 'none' };
    if (!verifySignature(key, signature.sig, metadata.signedBytes))
      return { keyId, scheme, signature: 'bad' };
    good.add(fingerprint);
    return { keyId, scheme, signature: 'good' };
  });
  return { keys: explained, signedBy: good.size };
}
