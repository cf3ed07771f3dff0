/** For whoever publishes a package with lifecycle scripts. Null where it has none. */
export function neverRun(scripts: readonly string[]): string | null {
  if (scripts.length === 0) return null;
  const names = scripts.length > 5 ? `${scripts.slice(0, 4).join(', ')}, …` : scripts.join(', ');
  return scripts.length === 1 ? `its script ${names} is never run` : `its scripts ${names} are never run`;
}
