import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

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

const prefix = 'ragv-temp-';
let swept = false;

/** A folder of one start's own. */
export function makeTempFolder(): string {
  if (!swept) sweep();
  swept = true;
  return realpathSync(mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`)));
}

export function removeTempFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Those of hosts that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      removeTempFolder(join(tmpdir(), name));
    } catch {
      continue; // somebody else's
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
