import {
  keyFingerprint,
  parseMetadata,
  verifySignature,
  type KeyId,
  type Metadata,
  type RoleName,
  type Root,
  type Signed,
  type Targets,
} from '@ragnos/tuf';
import { topLevelKeys } from '../signing-needs.ts';
import { rootRole, sha256, targetsRole } from '../signed.ts';
import { differenceLines, differences, type Difference } from './differences.ts';
import { EventError } from './errors.ts';
import { eventLimits, metadataOf, type EventRole, type SigningEvent } from './event.ts';
import { refuseUnsafe, warnings } from './strict.ts';
import { keysFor, trustedBase, type KeySet, type SignerTrust } from './trusted-base.ts';

/** A set of keys that has to reach its threshold. */
export interface Need extends KeySet {
  /** In words: `root 1`, `targets`. */
  readonly by: string;
  /** One id for each key material that signed. */
  readonly signedBy: readonly KeyId[];
  readonly missing: number;
}

export interface ReviewedRole {
  readonly name: RoleName;
  /** Of the signed part: what people compare before they sign. */
  readonly sha256: string;
  readonly before: Signed | null;
  readonly after: Signed;
  readonly differences: readonly Difference[];
  readonly warnings: readonly string[];
  readonly needs: readonly Need[];
  /** Signatures of other keys, or that do not verify: they count for nothing. */
  readonly strangers: readonly KeyId[];
  readonly complete: boolean;
}

/** An event as a signer's own tool sees it. */
export interface Review {
  readonly root: Root;
  readonly roles: readonly ReviewedRole[];
  /** Every role has what it needs. */
  readonly complete: boolean;
  readonly overdue: boolean;
  /** All differences, as lines. */
  readonly words: readonly string[];
  /** The event describes itself in these words too; if not, whoever created it saw something else. */
  readonly sameWords: boolean;
}

/**
 * Derives from the signer's own trusted root what the event changes, and who signed it. Nothing but `reason` is taken from
 * what the event says of itself.
 * @throws EventError EVENT_UNTRUSTED, EVENT_UNSAFE, EVENT_MALFORMED
 */
export function review(event: SigningEvent, trust: SignerTrust, now: Date): Review {
  const base = trustedBase(event, trust);
  const parsed = new Map<RoleName, Metadata>();
  for (const role of event.roles) {
    if (parsed.has(role.name)) throw new EventError('EVENT_MALFORMED', `the role ${role.name} stands twice`);
    parsed.set(role.name, parse(role));
  }
  const after = new Map<RoleName, Targets>(base.roles);
  for (const [name, { signed }] of parsed) if (signed.type === 'targets') after.set(name, signed);
  const nextRoot = parsed.get(rootRole)?.signed;
  const roles = event.roles.map((role) => {
    const metadata = parsed.get(role.name) ?? parse(role);
    const before = role.name === rootRole ? base.root : (base.roles.get(role.name) ?? null);
    const { signed } = metadata;
    if (signed.type === 'root' && signed.version !== base.root.version + 1)
      throw new EventError('EVENT_UNSAFE', `root ${signed.version} cannot follow root ${base.root.version}`);
    refuseUnsafe(metadata, before, now);
    const needs = keySets(role, signed, base.root, nextRoot?.type === 'root' ? nextRoot : null, after).map(
      (need) => counted(need, metadata),
    );
    const good = new Set(needs.flatMap(({ signedBy }) => signedBy));
    return {
      name: role.name,
      sha256: sha256(role.signed),
      before,
      after: signed,
      differences: differences(before, signed),
      warnings: warnings(before, signed),
      needs,
      strangers: role.signatures.map(({ keyId }) => keyId).filter((id) => !good.has(id)),
      complete: needs.every(({ missing }) => missing === 0),
    };
  });
  if (roles.length === 0) throw new EventError('EVENT_MALFORMED', 'there is nothing to sign in it');
  const words = wordsOf(roles);
  return {
    root: base.root,
    roles,
    words,
    sameWords: JSON.stringify(words) === JSON.stringify(event.words),
    complete: roles.every(({ complete }) => complete),
    overdue: event.deadline <= now,
  };
}

/** One heading for each role, and all its lines, cut where an event must end. */
export function wordsOf(
  roles: readonly Pick<ReviewedRole, 'name' | 'before' | 'after' | 'differences'>[],
): readonly string[] {
  const lines = roles.flatMap(({ name, before, after, differences }) => [
    before === null
      ? `${name} version ${after.version}, new`
      : `${name} version ${before.version} → ${after.version}`,
    ...differenceLines(differences.filter(({ what }) => what !== 'version')).map((line) => `  ${line}`),
  ]);
  const rest = lines.length - eventLimits.words;
  const shown = rest > 0 ? [...lines.slice(0, eventLimits.words - 1), `and ${rest + 1} more`] : lines;
  return shown.map((line) => line.replace(/\p{Cc}/gu, '?'));
}

function parse(role: EventRole): Metadata {
  const bytes = metadataOf(role);
  const metadata: Metadata = parseMetadata(
    bytes,
    role.name === rootRole ? 'root' : 'targets',
    undefined,
    role.name,
  );
  // What is shown is what is signed: the exact bytes, in the one canonical form.
  if (Buffer.compare(metadata.signedBytes, role.signed) !== 0)
    throw new EventError('EVENT_MALFORMED', `${role.name}: its bytes are not in canonical form`);
  return metadata;
}

type Unsettled = Pick<Need, 'by' | 'role' | 'keys'>;

/** Clients that hold the old root and clients that hold the new one: a root, and targets under a new root, please both. */
function keySets(
  { name, delegator }: EventRole,
  signed: Signed,
  root: Root,
  next: Root | null,
  after: ReadonlyMap<RoleName, Targets>,
): readonly Unsettled[] {
  const byRoot = (of: Root, role: 'root' | 'targets'): Unsettled => ({
    by: `root ${of.version}`,
    role: topLevelKeys(of, role),
    keys: of.keys,
  });
  if (signed.type === 'root') return [byRoot(root, 'root'), byRoot(signed, 'root')];
  if (name === targetsRole && delegator === rootRole)
    return next === null ? [byRoot(root, 'targets')] : [byRoot(root, 'targets'), byRoot(next, 'targets')];
  const keys = keysFor(name, delegator, root, after);
  if (keys === null) throw new EventError('EVENT_UNTRUSTED', `${delegator} does not delegate to ${name}`);
  return [{ by: delegator, ...keys }];
}

function counted(need: Unsettled, { signatures, signedBytes }: Metadata): Need {
  const good = new Map<string, KeyId>();
  for (const { keyId, sig } of signatures) {
    const key = need.role.keyIds.includes(keyId) ? need.keys.get(keyId) : undefined;
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (key === undefined || fingerprint === null || good.has(fingerprint)) continue;
    if (verifySignature(key, sig, signedBytes)) good.set(fingerprint, keyId);
  }
  return { ...need, signedBy: [...good.values()], missing: Math.max(0, need.role.threshold - good.size) };
}
