import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const read = (...parts) => JSON.parse(readFileSync(path.join(...parts), 'utf8'));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (record = {}) => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
const fits = (wanted, own) => wanted === undefined || [wanted].flat().includes(own);

/** Optional packages are absent on other platforms; `libc` is not worth finding out here. */
function mayBeAbsent({ optional, devOptional, os, cpu, libc, peer }) {
  if (optional !== true && devOptional !== true && peer !== true) return false;
  return (
    (os ?? cpu) === undefined || libc !== undefined || !fits(os, process.platform) || !fits(cpu, process.arch)
  );
}

const declares = (lock, manifest) =>
  lock !== undefined &&
  ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].every((field) =>
    same(sorted(lock[field]), sorted(manifest[field])),
  );

/**
 * Says whether the tree that npm recorded in `node_modules/.package-lock.json` is the one of `package-lock.json`,
 * and that the lockfile in turn covers the manifests: then somebody has run `npm install`, and `npm ci` would only
 * take the tree away under programs that are using it.
 */
export function matchesLockfile(folder, manifests) {
  const record = path.join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = read(record).packages;
  const wanted = read(folder, 'package-lock.json').packages;
  const covered =
    declares(wanted[''], read(folder, 'package.json')) &&
    manifests.every((file) => declares(wanted[path.posix.dirname(file)], read(folder, file)));
  return (
    covered &&
    Object.keys(installed).every((key) => key in wanted) &&
    Object.entries(wanted).every(([key, entry]) => {
      if (!key.includes('node_modules/')) return true;
      const found = installed[key];
      if (found === undefined) return mayBeAbsent(entry);
      return same([found.version, found.integrity, found.link], [entry.version, entry.integrity, entry.link]);
    })
  );
}
