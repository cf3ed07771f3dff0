import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Finding } from './reports.ts';
import { compareTree, installedMode, type ExpectedFile } from './tree.ts';

/** What is put right may be damaged again meanwhile; then somebody has to be told. */
const rounds = 3;

export interface Mending {
  /** Of a file that was verified, its bytes. */
  readonly read: (path: string) => Uint8Array;
  /** A folder of ours on the same disk, in which files are made before they take their places. */
  readonly staging: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes an installed tree what it was, file by file, each at once or not at all, and without another folder in the place of
 * its own: a process that runs from it, in a sandbox that has it mounted, goes on with it. Returns what is not as signed
 * even then.
 */
export async function mendTree(
  folder: string,
  files: readonly ExpectedFile[],
  { read, staging, signal }: Mending,
): Promise<readonly Finding[]> {
  const expected = new Map(files.map((file) => [file.path, file]));
  let findings = await compareTree(folder, files, { signal });
  let serial = 0;
  for (let round = 0; round < rounds && findings.length > 0; round++) {
    for (const { path, kind } of findings) {
      const file = expected.get(path);
      if (file === undefined) clear(join(folder, path), kind);
      else {
        const made = join(staging, `${++serial}`);
        writeFileSync(made, read(path), { flag: 'wx', mode: installedMode(file.mode) });
        chmodSync(made, installedMode(file.mode)); // whatever the umask
        openParents(folder, path);
        const at = join(folder, path);
        if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true) rmSync(at, { recursive: true });
        renameSync(made, at);
      }
    }
    findings = await compareTree(folder, files, { signal });
  }
  return findings;
}

/** What is no file of the plugin: goes, but for a folder of it that only could not be read. */
function clear(path: string, kind: Finding['kind']): void {
  if (kind === 'unreadable') chmodSync(path, 0o755);
  else rmSync(path, { recursive: true, force: true });
}

function openParents(folder: string, path: string): void {
  let at = folder;
  for (const name of path.split('/').slice(0, -1)) {
    at = join(at, name);
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) mkdirSync(at, { mode: 0o755 });
    else if ((stat.mode & 0o700) !== 0o700) chmodSync(at, 0o755);
  }
}
