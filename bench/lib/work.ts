/**
 * Folders to work in. They are removed at the end of everything: ext4 is slow to
 * reuse what was deleted a moment ago (0.19 ms for each new file, else 0.01), whoever writes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

export async function workFolder(what: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `ragv-bench-${what}-`));
  folders.push(folder);
  return folder;
}

export async function removeWork(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}
