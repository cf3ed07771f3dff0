import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { KeyPlace } from '@ragnos/repository';
import type { VaultConfig } from '../vault/config.ts';

/** Where the keys of ragv.toml are and how they lie there; no key is opened. */
export async function keyPlaces(folder: string, config: VaultConfig): Promise<readonly KeyPlace[]> {
  const served = await realpath(join(folder, 'public')).catch(() => join(folder, 'public'));
  const places: KeyPlace[] = [];
  for (const [keyId, { role, uri }] of Object.entries(config.keys)) {
    const named = /^file2:(.+)$/.exec(uri)?.[1];
    if (named === undefined) {
      places.push({ keyId, role, uri, file: null, atHand: true }); // a service: it is asked when it has to sign
      continue;
    }
    const path = isAbsolute(named) ? named : join(folder, named);
    const stats = await lstat(path).catch(() => null);
    const real = stats === null ? path : await realpath(path).catch(() => path);
    const below = relative(served, real);
    const belowServed = below !== '' && !below.startsWith('..') && !isAbsolute(below);
    const file = stats === null ? null : { path, mode: stats.mode, belowServed };
    places.push({ keyId, role, uri, file, atHand: stats?.isFile() === true });
  }
  return places;
}
