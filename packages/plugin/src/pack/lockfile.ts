import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';
import { PackError } from '../errors.ts';
import type { BundledPackage } from '../formats/manifest.ts';
import { looseJson } from './package-json.ts';

/** The entries of a package-lock.json by their folder, `node_modules/x`; without the root. */
export type LockEntries = ReadonlyMap<string, JsonObject>;

/** @throws PackError `LOCKFILE_MISMATCH` */
export function lockEntries(bytes: Uint8Array, what: string): LockEntries {
  const packages = looseJson(bytes, what)['packages'];
  if (!isJsonObject(packages))
    throw new PackError('LOCKFILE_MISMATCH', `${what} lists no packages`, {
      hint: 'write it anew with npm 7 or newer: npm install --package-lock-only',
    });
  return new Map(
    Object.entries(packages).flatMap(([path, entry]) =>
      path !== '' && isJsonObject(entry) ? [[path, entry] as const] : [],
    ),
  );
}

/**
 * The lockfile that npm gets to see: only what is bundled, each with a sha512, and without any address. A lockfile may
 * name an address of its own choice for a package of the registry, and npm would go there; without one it asks the
 * registry and compares the integrity.
 *
 * @throws PackError `DEPENDENCY_SOURCE`
 */
export function withoutAddresses(entries: LockEntries, root: JsonObject): Uint8Array {
  const packages: Record<string, JsonValue> = { '': root };
  for (const [path, entry] of entries) {
    if (entry['dev'] === true) continue;
    refuseForeign(path, entry);
    packages[path] = Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'resolved'));
  }
  const { name, version } = root;
  return Buffer.from(
    JSON.stringify({ name, version, lockfileVersion: 3, requires: true, packages }, null, 2),
  );
}

function refuseForeign(path: string, entry: JsonObject): void {
  const { resolved, link, integrity } = entry;
  const url = typeof resolved === 'string' ? resolved : null;
  const name = packageName(path, entry);
  const ofRegistry = url === null || isRegistryAddress(url, name);
  if (!path.startsWith('node_modules/') || link === true || !ofRegistry)
    throw foreign(name, url ?? 'a folder');
  if (entry['inBundle'] !== true && sha512(integrity) === null)
    throw new PackError('DEPENDENCY_SOURCE', `the lockfile has no sha512 integrity for ${name}`, {
      hint: 'write the lockfile anew: npm install --package-lock-only',
    });
}

/** Where a registry keeps `@scope/name`: `…/@scope/name/-/name-1.0.0.tgz`. */
function isRegistryAddress(url: string, name: string): boolean {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return /^https?:\/\//.test(url) && url.includes(`/${name}/-/${last}-`) && url.endsWith('.tgz');
}

/**
 * What npm installed: all of it from the registry (npm leaves an address only where it was not), all of it with the
 * integrity that the lockfile has.
 *
 * @throws PackError `DEPENDENCY_SOURCE`, `LOCKFILE_MISMATCH`
 */
export function checkInstalled(
  installed: LockEntries,
  allowed: LockEntries | null,
): readonly BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  for (const [path, entry] of installed) {
    const { version, resolved, link } = entry;
    const name = packageName(path, entry);
    if (link === true || resolved !== undefined || typeof version !== 'string')
      throw foreign(name, typeof resolved === 'string' ? resolved : 'a folder');
    const integrity = entry['inBundle'] === true ? ofBundler(path, installed) : sha512(entry['integrity']);
    if (integrity === null)
      throw new PackError(
        'DEPENDENCY_SOURCE',
        `the registry states no sha512 integrity for ${name}@${version}`,
      );
    if (
      allowed !== null &&
      entry['inBundle'] !== true &&
      sha512(allowed.get(path)?.['integrity']) !== integrity
    )
      throw new PackError(
        'LOCKFILE_MISMATCH',
        `${name}@${version} is not in the lockfile with that integrity`,
        {
          hint: 'bring the lockfile up to date with `npm install --package-lock-only` and review it',
        },
      );
    found.set(`${name}@${version} ${integrity}`, { name, version, integrity });
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** Names of what the lockfile lists beyond `installed`. */
export function notInstalled(listed: LockEntries, installed: LockEntries): readonly string[] {
  const names = [...listed]
    .filter(([path]) => !installed.has(path))
    .map(([path, entry]) => packageName(path, entry));
  return [...new Set(names)];
}

/** What a package carries inside itself came with that package's bytes. */
function ofBundler(path: string, installed: LockEntries): string | null {
  for (let at = path.lastIndexOf('/node_modules/'); at > 0; at = path.lastIndexOf('/node_modules/', at - 1)) {
    const above = installed.get(path.slice(0, at));
    if (above !== undefined && above['inBundle'] !== true) return sha512(above['integrity']);
  }
  return null;
}

function sha512(integrity: JsonValue | undefined): string | null {
  const parts = typeof integrity === 'string' ? integrity.split(/\s+/) : [];
  return parts.find((part) => /^sha512-[A-Za-z0-9+/]{86}==$/.test(part)) ?? null;
}

/** An alias has another name than its folder. */
function packageName(path: string, entry: JsonObject): string {
  const { name } = entry;
  return typeof name === 'string'
    ? name
    : path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function foreign(name: string, where: string): PackError {
  return new PackError(
    'DEPENDENCY_SOURCE',
    `the dependency ${name} comes from ${where.slice(0, 120)}, not from the registry`,
    {
      hint: 'depend on a published version of it',
    },
  );
}
