import { holdersOf, short } from './keys.ts';
import type { CheckedHead } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { some } from './words.ts';

/** One key of the operator's settings, and what became of its file. */
export interface KeyPlace {
  readonly keyId: string;
  readonly role: string;
  readonly uri: string;
  /** `null`: it is in no file here (a KMS), or the file is elsewhere; see `atHand`. */
  readonly file: { readonly path: string; readonly mode: number; readonly belowServed: boolean } | null;
  readonly atHand: boolean;
}

/** The operator's keys against the roles. Pure: whoever calls it has looked at the files. */
export function vaultRules(
  places: readonly KeyPlace[],
  head: CheckedHead | null,
  windows = process.platform === 'win32',
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { file } of places) {
    if (file === null) continue;
    if (!windows && (file.mode & 0o077) !== 0)
      findings.push(
        finding(
          'private-key-mode',
          `${file.path} has mode ${(file.mode & 0o777).toString(8).padStart(4, '0')}: others can read it`,
          `chmod 600 ${file.path}`,
        ),
      );
    if (file.belowServed)
      findings.push(
        finding(
          'private-key-served',
          `${file.path} lies below the folder that is served`,
          'move it, correct its uri in ragv.toml, and replace the key: ragv key rotate <role>',
        ),
      );
  }
  if (head === null) return findings;
  const holders = holdersOf(head);
  const named = new Set<string>(holders.flatMap(({ keyIds }) => keyIds));
  const retired = places.filter(({ keyId }) => !named.has(keyId));
  if (retired.length > 0)
    findings.push(
      finding(
        'config-key-unused',
        `ragv.toml names keys that serve no role: ${some(retired.map(({ keyId, role }) => `${short(keyId)} (${role})`))}`,
        'destroy those that no client needs any more, and remove them from ragv.toml',
      ),
    );
  findings.push(...keysAtHand(places, holders));
  return findings;
}

/** A key that ragv.toml names and that is gone is worth a warning; roles that others sign are only told. */
function* keysAtHand(places: readonly KeyPlace[], holders: ReturnType<typeof holdersOf>): Generator<Finding> {
  const atHand = new Set(places.filter((place) => place.atHand).map(({ keyId }) => keyId));
  const known = new Set(places.map(({ keyId }) => keyId));
  const elsewhere = new Set<string>();
  const seen = new Set<string>();
  for (const { name, keyIds, threshold } of holders) {
    const found = keyIds.filter((id) => atHand.has(id)).length;
    if (found >= threshold || seen.has(name)) continue;
    seen.add(name);
    const online = name === 'timestamp' || name === 'snapshot';
    if (name === 'root' || (!online && !keyIds.some((id) => known.has(id)))) {
      elsewhere.add(name);
      continue;
    }
    yield finding(
      'role-without-key',
      `${name} needs ${threshold} of its ${keyIds.length} keys, and ${found} are at hand here`,
      'bring the key back, or let those who hold the others sign before it expires',
    );
  }
  if (elsewhere.size > 0)
    yield finding(
      'role-without-key',
      `signed elsewhere, since too few of their keys are here: ${some([...elsewhere])}`,
      'that is how it should be for root and for vendors; they sign before it expires',
      'info',
    );
}
