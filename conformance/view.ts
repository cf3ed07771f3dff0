import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

async function list(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []; // nothing is trusted yet
    throw error;
  }
}

/**
 * Shows in `folder` what the client trusts in `store`, one file a role and byte for byte, as the suite wants to see it:
 * `root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, `<delegated role, percent-encoded>.json`. The store
 * itself keeps more (every root, second copies, notes) and has its own places for it; see TrustedStore in @ragnos/client.
 */
export async function showTrusted(store: string, folder: string): Promise<void> {
  const copy = (from: string, name: string): Promise<void> => copyFile(join(store, from), join(folder, name));
  const roots = (await list(join(store, 'root_history')))
    .filter((name) => /^\d+\.root\.json$/.test(name))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const newest = roots.at(-1);
  if (newest !== undefined) await copy(join('root_history', newest), 'root.json');
  for (const name of await list(store))
    if (['timestamp.json', 'snapshot.json', 'targets.json'].includes(name)) await copy(name, name);
  for (const name of await list(join(store, 'roles')))
    if (name.endsWith('.json')) await copy(join('roles', name), name);
}
