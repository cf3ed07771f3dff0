/** The last part of `npm run build`: the compiler writes commands that nobody may execute, and npm mends that only as it installs. */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { discover, type Package, writtenBins } from './check/package-list.ts';

export function makeExecutable({ folder, manifest }: Package): void {
  for (const file of writtenBins(manifest, folder)) chmodSync(path.join(folder, file), 0o755);
}

if (import.meta.main) for (const one of discover().values()) makeExecutable(one);
