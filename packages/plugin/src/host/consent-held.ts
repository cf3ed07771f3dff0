import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { pluginVersion } from '../names.ts';
import type { HeldUpdate } from './reports.ts';
import type { Chosen } from './choose.ts';
import type { Context } from './context.ts';
import { HostFailureError } from './errors.ts';
import type { PluginId } from './grants.ts';
import { ensureFolder, knownFolder } from './paths.ts';
import { readState, writeState } from './state-file.ts';

const format = 'ragnos-held/1';

function heldFile(context: Context, { vendor, plugin }: PluginId): string {
  return join(context.paths.known, knownFolder(vendor), `${plugin}.held.json`);
}

/** What a rule keeps back, as a choice says it. That a pin leaves newer versions alone is what it is for: no update waits there. */
export function heldBack(
  context: Context,
  { heldBack: held = null }: Chosen,
  isUpdate: boolean,
): HeldUpdate | null {
  if (held === null || (isUpdate && held.error.code === 'NOT_PINNED')) return null;
  return {
    version: held.version,
    code: held.error.code,
    message: held.error.message,
    hint: held.error.hint ?? null,
    manifest: null,
    since: context.now().toISOString(),
  };
}

/** The update that the last `update` did not take; `null` = there was none, or what was kept of it cannot be read: it is only shown. */
export async function readHeld(context: Context, id: PluginId): Promise<HeldUpdate | null> {
  try {
    return await readState(heldFile(context, id), (json) => {
      if (json.string('format') !== format) json.fail('format', format);
      return {
        version: pluginVersion(json.string('version')),
        code: json.string('code'),
        message: json.string('message'),
        hint: json.has('hint') ? json.string('hint') : null,
        manifest: json.has('manifest') ? json.string('manifest') : null,
        since: json.string('since'),
      };
    });
  } catch (error) {
    if (error instanceof HostFailureError) return null;
    throw error;
  }
}

/** `null` = nothing is held any more. What was held before keeps its time. The lock is held. */
export async function rememberHeld(
  context: Context,
  id: PluginId,
  held: Omit<HeldUpdate, 'since'> | null,
): Promise<void> {
  const path = heldFile(context, id);
  if (held === null) return rmSync(path, { force: true });
  const before = await readHeld(context, id);
  const since = before?.version === held.version ? before.since : context.now().toISOString();
  const { hint, manifest, ...rest } = held;
  ensureFolder(context.paths.folder, 'known', knownFolder(id.vendor));
  await writeState(path, {
    format,
    ...rest,
    since,
    ...(hint === null ? {} : { hint }),
    ...(manifest === null ? {} : { manifest }),
  });
}
