import { BelowFloorError } from '../errors.ts';

/** @throws BelowFloorError for the first role that is older than its floor, or not there at all */
export function refuseBelowFloors(
  versions: ReadonlyMap<string, number>,
  floors: ReadonlyMap<string, number>,
): void {
  for (const [role, floor] of floors) {
    const version = versions.get(role);
    if (version !== undefined && version >= floor) continue;
    throw new BelowFloorError(
      `${role} ${version === undefined ? 'is not there' : `has version ${version}`}, and version ${floor} was seen before`,
      { hint: 'the repository went back, or the floors are those of another one; nothing new is trusted' },
    );
  }
}
