import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfineRefusedError } from './errors.ts';

const prefix = 'ragv-copy-';
let swept = false;

/**
 * The verified files, and no others, where nobody else writes: what the operating system opens there is what was hashed here.
 * @throws ConfineRefusedError `GRANT_IMPOSSIBLE` a file is not the verified one
 */
export function privateCopy(folder: string, files: ReadonlyMap<string, string>): string {
  if (!swept) sweep();
  swept = true;
  const copy = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
  try {
    const made = new Set<string>();
    for (const [name, digest] of files) {
      const from = path.join(folder, name);
      const bytes = readFileSync(from);
      if (createHash('sha256').update(bytes).digest('hex') !== digest)
        throw new ConfineRefusedError('GRANT_IMPOSSIBLE', `${name} is not what was verified`);
      const to = path.join(copy, name);
      const parent = path.dirname(to);
      if (!made.has(parent)) mkdirSync(parent, { recursive: true });
      made.add(parent);
      const executable = (statSync(from).mode & 0o100) !== 0;
      writeFileSync(to, bytes, { mode: executable ? 0o555 : 0o444, flag: 'wx' });
    }
    return copy;
  } catch (error) {
    removeCopy(copy);
    throw error;
  }
}

export function removeCopy(copy: string): void {
  rmSync(copy, { recursive: true, force: true });
}

/** Copies of hosts that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      removeCopy(path.join(tmpdir(), name));
    } catch {
      // somebody else's
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
