import { DiskError, writeFileAtomic } from '@ragnos/disk';
import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { HostFailureError } from './errors.ts';
import type { PluginId } from './grants.ts';
import { ensureFolder, homeFolder } from './paths.ts';
import { readBytes } from './state-file.ts';

/** Made once for a host, and told to nobody: a repository that knew it could choose whom it serves. @throws HOST_STATE */
export async function hostId(home: string): Promise<string> {
  const path = join(homeFolder(home), 'host-id');
  const bytes = await readBytes(path, 1000);
  if (bytes !== null) {
    const id = new TextDecoder().decode(bytes).trim();
    if (/^[0-9a-f]{64}$/.test(id)) return id;
    throw new HostFailureError('HOST_STATE', `${path} is not a host's id`, {
      hint: `remove it: a new one is made, and this host takes another place in every rollout`,
    });
  }
  ensureFolder(home, 'home-v1');
  const id = randomBytes(32).toString('hex');
  try {
    await writeFileAtomic(path, new TextEncoder().encode(`${id}\n`), { mode: 0o600, ifAbsent: true });
    return id;
  } catch (error) {
    if (error instanceof DiskError && error.code === 'DISK_EXISTS') return hostId(home); // another process was first
    throw error;
  }
}

/** Where a host stands among all that take a plugin: from 0 to below 100, the same for ever, and another for another plugin. */
export function shareOf(id: string, { vendor, plugin }: PluginId): number {
  const digest = hash('sha256', `ragnos-rollout/1 ${id} ${vendor}/${plugin}`, 'hex');
  return (Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48) * 100;
}
