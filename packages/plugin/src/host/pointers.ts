import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';

import { pluginName, vendorName } from '../names.ts';
import type { Context } from './context.ts';
import { readPointer, type Pointer } from './pointer.ts';
import { installedNames } from './record.ts';
import type { DamagedPlugin } from './reports.ts';

/** A plugin whose pointer cannot be read, and why. */
interface Unreadable {
  readonly vendor: string;
  readonly plugin: string;
  readonly error: VaultError | DiskError;
}

/** All pointers, by name. One that is damaged hides no other. */
export async function pointers(
  context: Context,
): Promise<{ readonly readable: readonly Pointer[]; readonly unreadable: readonly Unreadable[] }> {
  const readable: Pointer[] = [];
  const unreadable: Unreadable[] = [];
  for (const [vendor, plugin] of installedNames(context.paths))
    try {
      const spec = { vendor: vendorName(vendor), plugin: pluginName(plugin) };
      const pointer = await readPointer(context, spec);
      if (pointer !== null) readable.push(pointer);
    } catch (error) {
      if (!(error instanceof VaultError || error instanceof DiskError)) throw error;
      unreadable.push({ vendor, plugin, error });
    }
  return { readable, unreadable };
}

/** What a caller is told; also an event. */
export function asDamaged(context: Context, { vendor, plugin, error }: Unreadable): DamagedPlugin {
  context.events.refusal(error, `${vendor}/${plugin}`);
  const { code, message, hint = null } = error;
  return { repository: context.record.alias, vendor, plugin, code, message, hint };
}
