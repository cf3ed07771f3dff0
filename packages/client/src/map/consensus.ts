import type { TargetInfo } from '../updater/find.ts';

/** What one repository says about a target. */
export interface Statement {
  readonly repository: string;
  readonly info: TargetInfo;
}

const computed: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

/**
 * Whoever states the same length and the same hashes says the same; `custom` is exempt (TAP 4). Where we can compute none of
 * them, all count: a length alone is no agreement.
 */
function content({ info }: Statement): string {
  const all = [...info.hashes];
  const checkable = all.filter(([algorithm]) => computed.has(algorithm));
  const hashes = (checkable.length > 0 ? checkable : all).map((pair) => pair.join(':'));
  return [info.length, ...hashes.toSorted()].join(' ');
}

/**
 * The largest number of statements that say the same; of two as large the one that was begun first. Hashes are compared
 * as whole sets: to agree in one of two algorithms is not to agree, since each statement is then about other files too.
 */
export function largestAgreement(statements: readonly Statement[]): readonly Statement[] {
  const groups = new Map<string, Statement[]>();
  for (const statement of statements) {
    const key = content(statement);
    const group = groups.get(key) ?? [];
    group.push(statement);
    groups.set(key, group);
  }
  let largest: readonly Statement[] = [];
  for (const group of groups.values()) if (group.length > largest.length) largest = group;
  return largest;
}

/** `django lists 5 bytes sha256 2cf24dba…`; for errors. */
export function said({ repository, info }: Statement): string {
  const [first] = info.hashes;
  const hash = first === undefined ? 'no hash' : `${first[0]} ${first[1].slice(0, 16)}…`;
  return `${repository} lists ${info.length} bytes, ${hash}`;
}
