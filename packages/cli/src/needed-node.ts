/** As `engines` in package.json says it. Read by a Node of any age: nothing is imported here. */
export const neededNode = 'Node 26 or later, or Node 24 from 24.15 on';

/** Whether a Node of `version`, such as `process.versions.node`, runs the rest of this program. */
export function isNodeNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 15);
}
