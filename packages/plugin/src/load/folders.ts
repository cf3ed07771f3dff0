import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Context } from '../host/context.ts';
import { ensureFolder } from '../host/paths.ts';
import type { PluginName, VendorName } from '../names.ts';

/**
 * Where plugins of this host keep their data: beside the vault's home, never in it, and kept when a plugin is updated or
 * uninstalled. By repository, so that two vendors of one name do not share.
 */
export function dataFolder(
  context: Context,
  { vendor, plugin }: { readonly vendor: VendorName; readonly plugin: PluginName },
): string {
  const { alias, rootSha256 } = context.record;
  const base = `${resolve(context.home)}-data`;
  return realpathSync(ensureFolder(base, `${alias}-${rootSha256.slice(0, 16)}`, vendor, plugin));
}
