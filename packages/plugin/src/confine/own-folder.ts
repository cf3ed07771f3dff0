import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const swept = new Set<string>();

/** A folder of this process's own below the system's temporary one, and nobody else's: a real path. */
export function makeOwnFolder(prefix: string): string {
  if (!swept.has(prefix)) sweep(prefix);
  swept.add(prefix);
  return realpathSync(mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`)));
}

export function removeOwnFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Those of processes that were killed. */
function sweep(prefix: string): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      removeOwnFolder(path.join(tmpdir(), name));
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
