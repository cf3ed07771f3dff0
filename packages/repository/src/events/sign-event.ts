import type { Signer } from '@ragnos/signing';
import { keyFingerprint, type KeyId, type RoleName, type Signature } from '@ragnos/tuf';
import type { CallOptions } from '../types.ts';
import { EventError } from './errors.ts';
import { eventToBytes, type SigningEvent } from './event.ts';
import type { Ledger } from './ledger.ts';
import type { Review, ReviewedRole } from './review.ts';

export interface SignEventOptions extends CallOptions {
  readonly ledger: Ledger;
  readonly now: Date;
  /** Signs although this key signed another content under the same version before: the person was told, and means it. */
  readonly again?: boolean;
}

export interface SignedEvent {
  readonly event: SigningEvent;
  readonly signed: readonly { readonly role: RoleName; readonly keyId: KeyId }[];
}

/** What a key signed before under the same version, with other content: each is a reason to ask why. */
export async function secondBodies(
  review: Review,
  signers: readonly Signer[],
  ledger: Ledger,
): Promise<readonly { readonly role: RoleName; readonly version: number; readonly sha256: string }[]> {
  const found = [];
  for (const role of review.roles)
    for (const { keyId } of wanted(role, signers)) {
      const other = await ledger.other(keyId, entry(role));
      if (other !== null) found.push({ role: role.name, version: role.after.version, sha256: other.sha256 });
    }
  return found;
}

/**
 * Adds the signatures of `signers` to every role that wants them. `review` is of this very event, shown and agreed to.
 * Signing again with the same key changes nothing.
 * @throws EventError EVENT_OVERDUE, NOT_A_SIGNER for a signer whom nothing in it concerns, SECOND_BODY; SigningError
 */
export async function signEvent(
  event: SigningEvent,
  review: Review,
  signers: readonly Signer[],
  { ledger, now, again = false, signal }: SignEventOptions,
): Promise<SignedEvent> {
  if (review.overdue)
    throw new EventError('EVENT_OVERDUE', `the deadline of ${event.id} was ${event.deadline.toISOString()}`, {
      hint: 'nothing was signed; have it created anew if it is still wanted',
    });
  for (const signer of signers) refuseStranger(review, signer);
  const [second] = again ? [] : await secondBodies(review, signers, ledger);
  if (second !== undefined)
    throw new EventError(
      'SECOND_BODY',
      `this key signed ${second.role} version ${second.version} before, with other content (sha256 ${second.sha256})`,
      { hint: 'ask whoever created the event why; if you know that the other is void, give --again' },
    );
  const signed: { role: RoleName; keyId: KeyId }[] = [];
  const roles = [];
  for (const role of event.roles) {
    const reviewed = review.roles.find(({ name }) => name === role.name);
    const bad = new Set(reviewed?.strangers);
    const signatures = new Map(
      role.signatures.filter(({ keyId }) => !bad.has(keyId)).map((one) => [one.keyId, one]),
    );
    for (const { signer, keyId } of reviewed === undefined ? [] : wanted(reviewed, signers)) {
      if (reviewed === undefined || signatures.has(keyId)) continue;
      await ledger.note(keyId, entry(reviewed), now);
      const { sig } = await signer.sign(role.signed, { signal });
      signatures.set(keyId, { keyId, sig });
      signed.push({ role: role.name, keyId });
    }
    roles.push({ ...role, signatures: sorted(signatures.values()) });
  }
  return { event: { ...event, roles }, signed };
}

/**
 * One event with the signatures of both copies; whether they verify is for `review` to say.
 * @throws EventError EVENT_DIFFERS
 */
export function mergeEvents(one: SigningEvent, other: SigningEvent): SigningEvent {
  if (one.id !== other.id)
    throw new EventError('EVENT_DIFFERS', `${one.id} and ${other.id} are two events, not two copies of one`);
  if (one.round !== other.round)
    throw new EventError(
      'EVENT_DIFFERS',
      `${one.id}: one copy is of round ${one.round}, the other of round ${other.round}`,
      { hint: 'the event was opened anew since: sign the newer copy; older signatures are for other bytes' },
    );
  if (Buffer.compare(eventToBytes(bare(one)), eventToBytes(bare(other))) !== 0)
    throw new EventError('EVENT_DIFFERS', `the two copies of ${one.id} are not about the same bytes`, {
      hint: 'one of them was changed on its way: compare the sha256 of what is signed (ragv event show)',
    });
  const roles = one.roles.map((role, index) => {
    const known = new Map(role.signatures.map((each) => [each.keyId, each]));
    const added = other.roles[index]?.signatures.filter(({ keyId }) => !known.has(keyId)) ?? [];
    return { ...role, signatures: sorted([...role.signatures, ...added]) };
  });
  return { ...one, roles };
}

/** Without what `review` found to count for nothing. */
export function withoutStrangers(event: SigningEvent, review: Review): SigningEvent {
  const roles = event.roles.map((role) => {
    const strangers = review.roles.find(({ name }) => name === role.name)?.strangers ?? [];
    return { ...role, signatures: role.signatures.filter(({ keyId }) => !strangers.includes(keyId)) };
  });
  return { ...event, roles };
}

function bare(event: SigningEvent): SigningEvent {
  return { ...event, roles: event.roles.map((role) => ({ ...role, signatures: [] })) };
}

/** The signers whose key a role wants, each under the id that stands for its key there. */
function wanted(
  { needs }: ReviewedRole,
  signers: readonly Signer[],
): readonly { readonly signer: Signer; readonly keyId: KeyId }[] {
  const ids = new Map<string, KeyId>();
  for (const { role, keys } of needs)
    for (const id of role.keyIds) {
      const key = keys.get(id);
      const fingerprint = key === undefined ? null : keyFingerprint(key);
      if (fingerprint !== null && !ids.has(fingerprint)) ids.set(fingerprint, id);
    }
  return signers.flatMap((signer) => {
    const keyId = ids.get(keyFingerprint(signer.key) ?? '');
    return keyId === undefined ? [] : [{ signer, keyId }];
  });
}

function refuseStranger(review: Review, signer: Signer): void {
  if (review.roles.some((role) => wanted(role, [signer]).length > 0)) return;
  throw new EventError('NOT_A_SIGNER', `key ${signer.key.keyId} may sign nothing in this event`, {
    hint: 'ragv event show lists the keys that may',
  });
}

function entry({ name, after, sha256 }: ReviewedRole): { role: string; version: number; sha256: string } {
  return { role: name, version: after.version, sha256 };
}

/** By key id, so that copies that were signed in another order are the same bytes. */
function sorted(signatures: Iterable<Signature>): readonly Signature[] {
  return [...signatures].toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
}
