import type { TrustedMetadataSet } from '@ragnos/tuf';
import { ExpiredMetadataError } from '@ragnos/tuf';

import { orClockSetBack } from './clock.ts';
import type { State } from './notes.ts';

/** By which time a look-up judges what an earlier refresh has brought. */
export interface Time {
  readonly now: Date;
  /** What the clock says, where `now` is what it has said before. */
  readonly clock: Date;
  readonly state: State | null;
  readonly graceMs: number;
}

type Signed = { readonly type: string; readonly expires: Date };

/**
 * What `load` gives, if it is in force and timestamp and snapshot still are: a refresh was a while ago.
 * @throws ExpiredMetadataError, ClockSetBackError
 */
export async function loadInForce<T extends Signed>(
  { timestamp, snapshot }: TrustedMetadataSet,
  time: Time,
  load: () => Promise<T> | T,
): Promise<T> {
  try {
    if (timestamp !== null) inForce(timestamp, time);
    if (snapshot !== null) inForce(snapshot, time);
    const loaded = await load();
    inForce(loaded, time);
    return loaded;
  } catch (error) {
    throw orClockSetBack(error, time);
  }
}

function inForce({ type, expires }: Signed, { now }: Time): void {
  if (expires > now) return;
  throw new ExpiredMetadataError(`${type} has expired since the last refresh`, {
    hint: 'refresh first',
    expires,
  });
}
