/** In the order of their names; bins of one role, which are many, together. */
export function signedRoles(roles: ReadonlyMap<string, number>): string {
  const bins = new Map<string, number>();
  const lines: string[] = [];
  for (const [role, version] of [...roles].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const parent = /^(.+)-[0-9a-f]+$/.exec(role)?.[1];
    if (parent === undefined) lines.push(`${role} version ${version}`);
    else bins.set(parent, (bins.get(parent) ?? 0) + 1);
  }
  return [...lines, ...[...bins].map(([parent, count]) => `${count} bins of ${parent}`)].join(', ');
}
