import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const swept = new Set<string>();

/** A folder of this process's own below the system's temporary one (or `base`), and nobody else's: a real path. */
export function makeOwnFolder(prefix: string, base: string = tmpdir()): string {
  const start = path.join(base, prefix);
  if (!swept.has(start)) sweep(base, prefix);
  swept.add(start);
  return realpathSync(mkdtempSync(`${start}${process.pid}-`));
}

export function removeOwnFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Those of processes that were killed. */
function sweep(base: string, prefix: string): void {
  for (const name of readdirSync(base)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      removeOwnFolder(path.join(base, name));
    } catch {
      continue; // somebody else's
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
