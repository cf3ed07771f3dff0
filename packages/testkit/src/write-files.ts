import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Files } from './repository-simulator.ts';

/** Lays a simulated repository out in a folder, for `file:` clients, servers, peers and measurements. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, bytes] of files) {
    const decoded = path.startsWith('targets/') ? path.split('/').map(decodeURIComponent).join('/') : path;
    await mkdir(dirname(join(folder, decoded)), { recursive: true });
    await writeFile(join(folder, decoded), bytes);
  }
}
