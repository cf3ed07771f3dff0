/** What `npm run test:stores` tells its tests of the server it started. */
export function told(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: these tests are run by npm run test:stores`);
  return value;
}
