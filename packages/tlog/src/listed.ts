import type { FileVersion, Listed, RoleChange, TargetChange } from './entry.ts';
import { sha256 } from './hash.ts';
import { logLimits } from './limits.ts';

/** For `NewEntry.roles`: any number of changes, in any order. */
export function listedRoles(changes: readonly RoleChange[]): Listed<RoleChange> {
  const version = (file: FileVersion | null): string =>
    file === null ? '-' : `${file.version}:${file.sha256}`;
  return listed(
    changes,
    ({ name }) => name,
    ({ name, before, after }) => `${name} ${version(before)} ${version(after)}`,
  );
}

/** For `NewEntry.targets`. The digest is what `sort | sha256sum` says of lines in the form of sha256sum. */
export function listedTargets(changes: readonly TargetChange[]): Listed<TargetChange> {
  return listed(
    changes,
    ({ path }) => path,
    ({ path, sha256 }) => `${sha256 ?? '-'}  ${path}`,
  );
}

function listed<T>(items: readonly T[], nameOf: (item: T) => string, lineOf: (item: T) => string): Listed<T> {
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const lines = items.map((item) => `${lineOf(item)}\n`).toSorted(byBytes);
  const sorted = items.toSorted((a, b) => byBytes(nameOf(a), nameOf(b)));
  const some: T[] = [];
  let length = 0;
  for (const item of sorted) {
    length += Buffer.byteLength(JSON.stringify(item));
    if (length > logLimits.listMaxLength) break;
    some.push(item);
  }
  return { count: items.length, sha256: sha256(lines.join('')), some };
}
