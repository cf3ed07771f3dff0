import type { Submission } from '@ragnos/plugin';
import { DoorError, type Change, type Content } from '@ragnos/repository';
import { admit, rulesFor, type DoorSettings } from './admit.ts';

const day = 24 * 60 * 60;

/** A submission, with its bytes. */
export interface Handed {
  readonly submission: Submission;
  /** By role. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
  /** By target path. */
  readonly targets: ReadonlyMap<string, Content>;
}

/** The change that takes what a vendor signed on its own machine. Every rule is checked before anything is stored. */
export function receiving({ submission, roles, targets }: Handed, settings: DoorSettings): Change {
  const { vendor } = submission;
  const own = `vendor.${vendor}`;
  return async (draft) => {
    for (const role of roles.keys())
      if (role !== own && !isBinOf(own, role))
        throw new DoorError('DOOR_PATHS', `${role}.json`, `is no role of ${vendor}`);
    const { maxLifeDays } = await rulesFor(draft, vendor);
    const before = new Map<string, Uint8Array | null>();
    for (const path of targets.keys())
      if (path.endsWith('/index.json')) before.set(path, await draft.read(path));
    const added: string[] = [];
    const removed: string[] = [];
    for (const [role, bytes] of roles) {
      const brought = await draft.bring(role, bytes, targets, { maxLife: maxLifeDays * day });
      added.push(...brought.added);
      removed.push(...brought.removed);
    }
    const unlisted = [...targets.keys()].find((path) => !added.includes(path));
    if (unlisted !== undefined && added.length > 0)
      throw new DoorError('DOOR_TARGETS', unlisted, 'was handed in, and no role lists it anew');
    if (added.length > 0 || removed.length > 0)
      await admit(draft, { vendor, added, removed, before }, settings);
  };
}

/** `vendor.acme-3f`, and after a split anew `vendor.acme.10-3ff`. */
function isBinOf(role: string, name: string): boolean {
  return name.startsWith(role) && /^(?:\.\d{1,2})?-[0-9a-f]+$/.test(name.slice(role.length));
}
