import { read } from '@ragnos/storage';
import { BadVersionNumberError, defaultLimits, parseMetadata, type RoleName } from '@ragnos/tuf';
import { bring } from '../bring.ts';
import { DoorError } from '../door-errors.ts';
import { PublishError } from '../errors.ts';
import { metadataKey } from '../keys.ts';
import { delegatedNames, isSignedBy, rootRole } from '../signed.ts';
import { transact, type Engine } from '../transact.ts';
import type { CallOptions, PublishResult } from '../types.ts';
import type { Workspace } from '../workspace.ts';
import { EventError } from './errors.ts';
import { metadataOf, type EventRole, type SigningEvent } from './event.ts';
import { reopen } from './rebase.ts';
import { review, type Review } from './review.ts';
import { withoutStrangers } from './sign-event.ts';
import { submitRoot } from './submit-root.ts';
import { keysFor } from './trusted-base.ts';

export interface ApplyOptions extends CallOptions {
  /** As in `SubmitRootOptions`. */
  readonly transcript?: string | undefined;
}

export type AppliedEvent =
  | {
      readonly outcome: 'applied';
      readonly publish: PublishResult | null;
      /** The root that it published; `null`: none. */
      readonly rootVersion: number | null;
      /** See `SubmittedRoot`. */
      readonly reset: string | null;
      /** See `SubmittedRoot`. */
      readonly logLost: boolean;
    }
  | {
      /** The repository had moved on: the same change, as other bytes, without any signature. */
      readonly outcome: 'reopened';
      readonly event: SigningEvent;
      readonly why: string;
    }
  /** The repository had moved on, and has the change already. */
  | { readonly outcome: 'superseded'; readonly why: string };

/**
 * Publishes what was signed, byte for byte: roles first, all in one commit, then the root. Killed in between, the same call
 * completes it. A deadline is for signers: what has its signatures may be applied after it.
 * @throws PublishError SIGNATURES_MISSING; EventError EVENT_UNTRUSTED for an event of another repository
 */
export async function applyEvent(
  engine: Engine,
  mutable: (path: string) => boolean,
  event: SigningEvent,
  options: ApplyOptions = {},
): Promise<AppliedEvent> {
  const reviewed = await reviewHere(engine, event, options);
  refuseIncomplete(event, reviewed);
  const { roles } = withoutStrangers(event, reviewed);
  try {
    const files = roles.filter(({ name }) => name !== rootRole);
    const publish = files.length === 0 ? null : await publishRoles(engine, mutable, event, files, options);
    const root = roles.find(({ name }) => name === rootRole);
    if (root === undefined)
      return { outcome: 'applied', publish, rootVersion: null, reset: null, logLost: false };
    const submitted = await submitRoot(engine, metadataOf(root), options);
    const { version, reset, logLost } = submitted;
    const all = submitted.publish ?? publish;
    return { outcome: 'applied', publish: all, rootVersion: version, reset, logLost };
  } catch (error) {
    if (!isConflict(error)) throw error;
    return movedOn(engine, event, error, options);
  }
}

/** As the operator of this very repository: from the root that it was derived from, which has to be this one's. */
export async function reviewHere(engine: Engine, event: SigningEvent, options: CallOptions): Promise<Review> {
  const last = event.roots.at(-1);
  const found = await read(engine.storage, metadataKey(rootRole, event.roots.length), {
    maxLength: defaultLimits.rootMaxLength,
    ...options,
  });
  if (last === undefined || found === null || Buffer.compare(found.bytes, last) !== 0)
    throw new EventError('EVENT_UNTRUSTED', `${event.id} is an event of another repository`);
  return review(event, { root: last }, engine.now());
}

function refuseIncomplete(event: SigningEvent, { roles }: Review): void {
  const [lacking] = roles.filter(({ complete }) => !complete);
  if (lacking === undefined) return;
  const missing = lacking.needs.filter((need) => need.missing > 0);
  throw new PublishError(
    'SIGNATURES_MISSING',
    `${event.id}: ${lacking.name} lacks ${missing.map((need) => `${need.missing} of the ${need.role.threshold} signatures for ${need.by}`).join(' and ')}`,
    { hint: 'ragv event show says who has signed; merge the copies that come back' },
  );
}

async function publishRoles(
  engine: Engine,
  mutable: (path: string) => boolean,
  event: SigningEvent,
  roles: readonly EventRole[],
  options: CallOptions,
): Promise<PublishResult> {
  const { storage, now } = engine;
  return transact(
    engine,
    async (workspace) => {
      for (const role of roles) {
        // Whoever holds the keys of the role decides how long it lives; the review bounds it.
        const life =
          (parseMetadata(metadataOf(role), 'targets').signed.expires.getTime() - now().getTime()) / 1000;
        const door = { storage, mutable, newDelegations: true, maxLife: Math.ceil(life) + 1, ...options };
        await createIfNew(workspace, role);
        await bring(workspace, role.name, metadataOf(role), new Map(), door).catch(async (error: unknown) => {
          // It delegates to what somebody removed meanwhile.
          if (error instanceof DoorError && error.code === 'DOOR_DELEGATIONS')
            await refuseOtherBase(workspace, event, role);
          throw error;
        });
        await refuseOtherBase(workspace, event, role);
      }
      for (const { name } of roles) await signDelegatees(workspace, name);
      return { workspace };
    },
    options,
  );
}

/**
 * A number that is free later is no proof that nothing came between: the number that the event took may have been the one after
 * that of somebody who was not done yet. What he published since would be gone.
 * @throws PublishError CONFLICT
 */
async function refuseOtherBase(workspace: Workspace, event: SigningEvent, role: EventRole): Promise<void> {
  const { name, delegator } = role;
  const base = event.base.find((one) => one.name === name)?.bytes ?? null;
  const head = (await workspace.onHeadOrNull({ name, delegator }))?.bytes ?? null;
  const isSame = (bytes: Uint8Array | null): boolean =>
    bytes === null ? head === null : head !== null && Buffer.compare(bytes, head) === 0;
  if (isSame(base) || isSame(metadataOf(role))) return;
  throw new PublishError('CONFLICT', `${name} is another one than ${event.id} was made from`, {
    hint: 'nothing was published',
  });
}

/** A role that an event adds, and whose delegator is in the event before it. */
async function createIfNew(workspace: Workspace, { name, delegator }: EventRole): Promise<void> {
  if (workspace.head.snapshot.signed.meta.has(name) || workspace.work.has(name)) return;
  if ((await workspace.locate(name)) !== null) workspace.edit({ name, delegator }, { created: true });
}

/** Roles that do not verify under what their delegator says now are signed in the same commit, by the keys at hand. */
async function signDelegatees(workspace: Workspace, delegator: RoleName): Promise<void> {
  const at = await workspace.locate(delegator);
  const delegations = at === null ? null : await workspace.delegations(at);
  for (const name of delegatedNames(delegations)) {
    if (workspace.work.has(name)) continue;
    const isThere = workspace.head.snapshot.signed.meta.has(name);
    const child = { name, delegator };
    const bytes = isThere ? (await workspace.onHeadOrNull(child))?.bytes : undefined;
    if (bytes === undefined) workspace.edit(child, { created: true, delegations: null });
    else if (!verifies(workspace, delegator, name, bytes)) workspace.edit(child, { resign: true });
  }
}

function verifies(workspace: Workspace, delegator: RoleName, name: RoleName, bytes: Uint8Array): boolean {
  const signed = workspace.work.get(delegator)?.brought?.signed;
  const root = workspace.head.root.signed;
  const by = signed === undefined ? null : keysFor(name, delegator, root, new Map([[delegator, signed]]));
  return by === null || isSignedBy(parseMetadata(bytes, 'targets'), by.role, by.keys);
}

function isConflict(error: unknown): error is DoorError | PublishError | BadVersionNumberError {
  if (error instanceof DoorError)
    return ['DOOR_VERSION', 'DOOR_SIGNATURES', 'DOOR_ROLE'].includes(error.code);
  return (
    error instanceof BadVersionNumberError || (error instanceof PublishError && error.code === 'CONFLICT')
  );
}

async function movedOn(
  engine: Engine,
  event: SigningEvent,
  cause: Error,
  options: CallOptions,
): Promise<AppliedEvent> {
  try {
    return { outcome: 'reopened', event: await reopen(engine, event, options), why: cause.message };
  } catch (error) {
    if (!(error instanceof EventError && error.code === 'NOTHING_TO_SIGN')) throw error;
    return { outcome: 'superseded', why: cause.message };
  }
}
