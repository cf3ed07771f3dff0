import { rootRole } from '../signed.ts';
import { EventError } from './errors.ts';
import type { SigningEvent } from './event.ts';
import type { Review } from './review.ts';

/**
 * A root that enough have signed exists, whatever we do: anybody who holds a copy could hand it to clients. So it is applied,
 * and what is wrong with it is put right by the next one.
 * @throws EventError PAST_THRESHOLD
 */
export function refuseToCancel(event: SigningEvent, { roles }: Review): void {
  const root = roles.find(({ name }) => name === rootRole);
  if (root === undefined || !root.complete) return;
  throw new EventError('PAST_THRESHOLD', `${event.id}: root ${root.after.version} has all its signatures`, {
    hint: `apply it (ragv event apply ${event.id}), then supersede it by another root event`,
  });
}
