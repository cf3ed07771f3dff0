import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { checkPlugin, placeOf } from '../capabilities/check.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { HostPolicyError } from './errors.ts';

/**
 * The door's checks once more, on the files as they lie in `folder`, which were compared with the manifest: what an author's
 * `pack` let through, or a door, is still not installed. A lint: confinement is the control.
 * @throws PLUGIN_FINDINGS
 */
export async function refuseFindings(
  manifest: PluginManifest,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { findings } = await checkPlugin(manifest, (path) => readFile(join(folder, path)), { signal });
  if (findings.length === 0) return;
  const some = findings.slice(0, 5).map((finding) => `${placeOf(finding)}: ${finding.what}`);
  const more = findings.length > some.length ? `; and ${findings.length - some.length} more` : '';
  throw new HostPolicyError(
    'PLUGIN_FINDINGS',
    `${manifest.vendor}/${manifest.plugin}@${manifest.version}: ${some.join('; ')}${more}`,
    { hint: 'nothing was installed; its vendor has to declare what it uses, and to pack it again' },
  );
}
