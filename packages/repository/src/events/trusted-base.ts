import {
  delegatedKeys,
  parseMetadata,
  rootFingerprint,
  VaultError,
  verifyThreshold,
  type Key,
  type KeyId,
  type RoleKeys,
  type RoleName,
  type Root,
  type Targets,
} from '@ragnos/tuf';
import { topLevelKeys } from '../signing-needs.ts';
import { trusting } from '../root-chain.ts';
import { rootRole, targetsRole } from '../signed.ts';
import { EventError } from './errors.ts';
import type { SigningEvent } from './event.ts';

/** What a signer trusts already, from elsewhere than the event: a root file, or the sha256 of one. */
export type SignerTrust = { readonly root: Uint8Array } | { readonly fingerprint: string };

/** What the event was derived from, as far as it verifies from the signer's own root. */
export interface TrustedBase {
  /** The newest root. */
  readonly root: Root;
  readonly roles: ReadonlyMap<RoleName, Targets>;
}

/** Whether a role may be signed, by whom, and how many of them. */
export interface KeySet {
  readonly role: RoleKeys;
  readonly keys: ReadonlyMap<KeyId, Key>;
}

/**
 * Verifies from the signer's root on: all roots, then every role by its delegator. Expiry is not looked at: what expired
 * is what has to be signed anew.
 * @throws EventError EVENT_UNTRUSTED
 */
export function trustedBase(event: SigningEvent, trust: SignerTrust): TrustedBase {
  const root = followRoots(event.roots, trust);
  const roles = new Map<RoleName, Targets>();
  for (const { name, delegator, bytes } of event.base) {
    const by = keysFor(name, delegator, root, roles);
    if (by === null) throw untrusted(`${delegator} does not delegate to ${name}`);
    roles.set(
      name,
      trustedly(() => {
        const metadata = parseMetadata(bytes, 'targets');
        verifyThreshold(metadata, by.role, by.keys, name);
        return metadata.signed;
      }),
    );
  }
  return { root, roles };
}

/** `null`: the delegator, as it is in `roles`, does not delegate to it. */
export function keysFor(
  name: RoleName,
  delegator: RoleName,
  root: Root,
  roles: ReadonlyMap<RoleName, Targets>,
): KeySet | null {
  if (delegator === rootRole)
    return name === targetsRole ? { role: topLevelKeys(root, 'targets'), keys: root.keys } : null;
  const delegations = roles.get(delegator)?.delegations ?? null;
  const role = delegations === null ? null : delegatedKeys(delegations, name);
  return delegations === null || role === null ? null : { role, keys: delegations.keys };
}

function followRoots(roots: readonly Uint8Array[], trust: SignerTrust): Root {
  const start = 'root' in trust ? startAt(roots, trust.root) : startAtFingerprint(roots, trust.fingerprint);
  const [first, ...later] = roots.slice(start);
  if (first === undefined) throw untrusted('it carries no root');
  return trustedly(() => {
    const set = trusting(first);
    if (set.root.version !== start + 1)
      throw untrusted(`root ${start + 1} says that it is ${set.root.version}`);
    for (const bytes of later) set.updateRoot(bytes);
    return set.root;
  });
}

function startAt(roots: readonly Uint8Array[], own: Uint8Array): number {
  const { version } = trustedly(() => parseMetadata(own, 'root').signed);
  const carried = roots[version - 1];
  if (carried === undefined)
    throw untrusted(`it is based on root ${roots.length}, and you trust root ${version}: it is an old one`);
  if (Buffer.compare(carried, own) !== 0)
    throw untrusted(`its root ${version} is not the one that you trust: another repository, or a forged one`);
  return version - 1;
}

function startAtFingerprint(roots: readonly Uint8Array[], given: string): number {
  const wanted = given.replace(/^sha256:/i, '').toLowerCase();
  const index = roots.findIndex((bytes) => rootFingerprint(bytes) === wanted);
  if (index < 0) throw untrusted(`none of its roots has the fingerprint ${wanted.slice(0, 64)}`);
  return index;
}

function trustedly<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (!(cause instanceof VaultError) || cause instanceof EventError) throw cause;
    throw untrusted(cause.message, cause);
  }
}

function untrusted(message: string, cause?: unknown): EventError {
  return new EventError('EVENT_UNTRUSTED', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'nothing was signed; give the newest root that you trust with --root or --fingerprint',
  });
}
