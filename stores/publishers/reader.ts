import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Updater } from '@ragnos/client';

export interface Readings {
  readonly refreshes: number;
  readonly errors: readonly string[];
  /** The lines of the last index that it saw. */
  readonly lines: readonly string[];
}

/**
 * A client that looks every tenth of a second, over HTTP and without credentials: refreshes, and reads the index. What it
 * once saw must stay; every error counts.
 */
export async function pollUntil(
  over: AbortSignal,
  options: { readonly baseUrl: string; readonly root: Uint8Array; readonly folder: string },
): Promise<Readings> {
  const errors: string[] = [];
  let lines: readonly string[] = [];
  let refreshes = 0;
  const { baseUrl, root, folder } = options;
  const updater = await Updater.open({ dir: join(folder, 'trusted'), baseUrl, root });
  while (!over.aborted) {
    try {
      await updater.refresh();
      refreshes++;
      const now = await linesOf(updater, join(folder, 'index.json'));
      const gone = lines.filter((line) => !now.includes(line));
      if (gone.length > 0) errors.push(`gone: ${gone.join(', ')}`);
      lines = now;
    } catch (error) {
      errors.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    await sleep(100);
  }
  return { refreshes, errors, lines };
}

export async function linesOf(updater: Updater, file: string): Promise<readonly string[]> {
  const info = await updater.find('index.json');
  if (info === null) return [];
  await updater.download(info, file);
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
}
