const release = '(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?';
const form = new RegExp(
  `^v?${release}(?:[._-]?(a|alpha|b|beta|c|rc|pre|preview)[._-]?(\\d*))?(?:\\.dev(\\d+))?$`,
);
const stages: ReadonlyMap<string, string> = new Map([
  ['a', 'a'],
  ['alpha', 'a'],
  ['b', 'b'],
  ['beta', 'b'],
  ['c', 'rc'],
  ['rc', 'rc'],
  ['pre', 'rc'],
  ['preview', 'rc'],
]);

/**
 * A version of Python (PEP 440) in SemVer: `2026.6` is `2026.6.0` in both, `1.0rc1` is `1.0.0-rc.1`, and the order stays
 * the same. Null for what SemVer cannot say: epochs, four numbers, post-releases, local versions, and development
 * releases of a prerelease.
 */
export function semverOfPython(version: string): string | null {
  const match = form.exec(version.toLowerCase());
  if (match === null) return null;
  const [, major = '0', minor = '0', patch = '0', stage, number, dev] = match;
  const numbers = [major, minor, patch].map(Number).join('.');
  if (stage === undefined) return dev === undefined ? numbers : `${numbers}-0.dev.${Number(dev)}`; // before every stage
  return dev === undefined ? `${numbers}-${stages.get(stage)}.${Number(number)}` : null;
}
