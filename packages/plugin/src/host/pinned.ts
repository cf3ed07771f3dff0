import { loadRanges } from '../formats/versions.ts';
import type { PluginVersion } from '../names.ts';
import type { PlacedRule } from './policy.ts';

/** A range that is none lets nothing through. */
export async function isInRange(range: string, version: PluginVersion): Promise<boolean> {
  const ranges = await loadRanges();
  return ranges.isRange(range) && ranges.satisfies(version, range, { includePrerelease: true });
}

/** The first rule that names other versions; `null` = none does. */
export async function pinnedElsewhere(
  rules: readonly PlacedRule[],
  version: PluginVersion,
): Promise<PlacedRule | null> {
  for (const placed of rules) {
    const { versions } = placed.rule;
    if (versions !== null && !(await isInRange(versions, version))) return placed;
  }
  return null;
}
