import type { Targets } from '@ragnos/tuf';

/** What `after` changes against `before` (null: nothing is published yet), a line each, derived here and from nobody's words. */
export function targetsDifference(before: Targets | null, after: Targets): readonly string[] {
  const lines: string[] = [];
  for (const [path, file] of after.targets) {
    const known = before?.targets.get(path);
    const digest = file.hashes.get('sha256') ?? 'without sha256';
    if (known === undefined) lines.push(`+ ${path}  ${file.length} bytes, sha256 ${digest}`);
    else if (known.hashes.get('sha256') === digest && known.length !== file.length)
      lines.push(`~ ${path}  ${known.length} -> ${file.length} bytes, sha256 ${digest}`);
    else if (known.hashes.get('sha256') !== digest)
      lines.push(`~ ${path}  sha256 ${known.hashes.get('sha256') ?? ''} -> ${digest}`);
  }
  for (const path of before?.targets.keys() ?? []) if (!after.targets.has(path)) lines.push(`- ${path}`);
  const old = before === null ? 'none' : delegates(before);
  if (old !== delegates(after)) lines.push(`! delegations: ${old} -> ${delegates(after)}`);
  lines.push(
    `  version ${before?.version ?? 0} -> ${after.version}, expires ${after.expires.toISOString().slice(0, 10)}`,
  );
  return lines;
}

function delegates({ delegations }: Targets): string {
  if (delegations === null) return 'none';
  const { succinctRoles, roles, keys } = delegations;
  const names =
    succinctRoles === null
      ? (roles ?? []).map((role) => role.name).join(', ')
      : `${2 ** succinctRoles.bitLength} bins of ${succinctRoles.namePrefix}`;
  if (names === '') return 'none';
  return `${names} (keys ${[...keys.keys()].map((id) => id.slice(0, 12)).join(', ')})`;
}
