import type { Catalog, PluginIndex, VendorLimits } from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';
import { bytes, count } from '../text.ts';

const hour = 3_600_000;

/** What a vendor has used of its limits, as the catalog tells. */
export interface Usage {
  readonly totalBytes: number;
  readonly publishesLastHour: number;
  readonly files: number;
}

export function usageOf(catalog: Catalog | null, now: Date): Usage {
  return {
    totalBytes: catalog?.totals.bytes ?? 0,
    publishesLastHour: recent(catalog?.submissions ?? [], now).length,
    files: catalog?.totals.files ?? 0,
  };
}

/** The times of the last hour, `now` as the newest. */
export function withSubmission(catalog: Catalog, now: Date): Catalog {
  return { ...catalog, submissions: [...recent(catalog.submissions, now), now.toISOString()].slice(-1000) };
}

function recent(times: readonly string[], now: Date): readonly string[] {
  return times.filter((time) => now.getTime() - Date.parse(time) < hour);
}

/** @throws DoorError DOOR_LIMITS */
export function checkFrequency(catalog: Catalog, limits: VendorLimits, now: Date): void {
  const { publishesLastHour } = usageOf(catalog, now);
  if (publishesLastHour < limits.publishesPerHour) return;
  throw new DoorError(
    'DOOR_LIMITS',
    `vendor.${catalog.vendor}`,
    `${count(publishesLastHour, 'publish', 'publishes')} in the last hour; at most ${limits.publishesPerHour} are allowed`,
    { hint: 'wait, or hand in several plugins at once: that counts as one' },
  );
}

/** `added`: files that the catalog does not know. @throws DoorError DOOR_LIMITS */
export function checkSizes(
  catalog: Catalog,
  added: readonly { readonly path: string; readonly length: number }[],
  limits: VendorLimits,
  now: Date,
): void {
  let total = usageOf(catalog, now).totalBytes;
  for (const { path, length } of added) {
    total += length;
    if (length > limits.artifactBytes)
      throw new DoorError(
        'DOOR_LIMITS',
        path,
        `${bytes(length)}; at most ${bytes(limits.artifactBytes)} are allowed for one file`,
      );
    if (total > limits.totalBytes)
      throw new DoorError(
        'DOOR_LIMITS',
        path,
        `with it ${catalog.vendor} would have published ${bytes(total)}; at most ${bytes(limits.totalBytes)} are allowed`,
      );
  }
}

/** @throws DoorError DOOR_LIMITS */
export function checkVersions(index: PluginIndex, path: string, limits: VendorLimits): void {
  if (index.versions.size <= limits.versions) return;
  throw new DoorError(
    'DOOR_LIMITS',
    path,
    `${count(index.versions.size, 'version')}; at most ${limits.versions} are allowed for one plugin`,
  );
}
