import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfineRefusedError } from './errors.ts';
import { makeOwnFolder, removeOwnFolder } from './own-folder.ts';

/**
 * The verified files, and no others, where nobody else writes: what the operating system opens there is what was hashed here.
 * @throws ConfineRefusedError `GRANT_IMPOSSIBLE` a file is not the verified one
 */
export function privateCopy(folder: string, files: ReadonlyMap<string, string>): string {
  const copy = makeOwnFolder('ragv-copy-');
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
    removeOwnFolder(copy);
    throw error;
  }
}
