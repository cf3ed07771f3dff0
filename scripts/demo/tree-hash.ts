/** One hash over everything below a folder: names, kinds, modes and contents. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, lstatSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

/** `skip` leaves out paths that a refusal is meant to touch, such as the event log; it sees paths with `/`. */
export function treeHash(folder: string, skip: (path: string) => boolean = () => false): string {
  const hash = createHash('sha256');
  const walk = (at: string): void => {
    for (const name of readdirSync(at).toSorted()) {
      const path = join(at, name);
      const shown = relative(folder, path).replaceAll('\\', '/');
      if (skip(shown)) continue;
      const info = lstatSync(path);
      hash.update(`${shown}\0${info.mode}\0`);
      if (info.isDirectory()) walk(path);
      else hash.update(info.isSymbolicLink() ? readlinkSync(path) : readFileSync(path));
    }
  };
  walk(folder);
  return hash.digest('hex');
}
