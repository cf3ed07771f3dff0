import { checkPlugin, placeOf } from '../capabilities/check.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { HostPolicyError, HostUntrustedError } from './errors.ts';

/** The bytes of a file of the manifest. */
export type ReadVerified = (path: string) => Uint8Array;

/**
 * The door's checks once more, on files that were compared with the manifest: what an author's `pack` let through, or a door, is
 * still not installed. A lint: confinement is the control.
 * @throws PLUGIN_FINDINGS
 */
export async function refuseFindings(
  manifest: PluginManifest,
  read: ReadVerified,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { findings } = await checkPlugin(manifest, read, { signal, mentions: false });
  if (findings.length === 0) return;
  const some = findings.slice(0, 5).map((finding) => `${placeOf(finding)}: ${finding.what}`);
  const more = findings.length > some.length ? `; and ${findings.length - some.length} more` : '';
  throw new HostPolicyError(
    'PLUGIN_FINDINGS',
    `${manifest.vendor}/${manifest.plugin}@${manifest.version}: ${some.join('; ')}${more}`,
    { hint: 'nothing was installed; its vendor has to declare what it uses, and to pack it again' },
  );
}

/** Those whose own manifest stands in package.json, and which pack took name and version from. */
const ofNpm: ReadonlySet<string> = new Set(['npm', 'folder', 'tarball']);

/**
 * The last of path = index = manifest = package: what calls itself something else inside was not published by whoever packed
 * it, or not as what it is.
 * @throws IDENTITY_MISMATCH
 */
export function refuseOtherPackage(manifest: PluginManifest, read: ReadVerified): void {
  const { source, version, files } = manifest;
  if (!ofNpm.has(source.type) || !files.some(({ path }) => path === 'package.json')) return;
  const json = readJson(new TextDecoder().decode(read('package.json')));
  const [name, own] = [json.get('name'), json.get('version')];
  const stated = source.type === 'npm' ? `${name}@${own}` : name;
  if (stated === source.name && own === version) return;
  throw new HostUntrustedError(
    'IDENTITY_MISMATCH',
    `${manifest.vendor}/${manifest.plugin}@${version}: its package.json is that of ${name} ${own}, its manifest says ${source.name}`,
    { hint: 'nothing was installed; ask the vendor' },
  );
}

function readJson(text: string): ReadonlyMap<string, string> {
  try {
    const json: unknown = JSON.parse(text);
    const members = typeof json === 'object' && json !== null ? Object.entries(json) : [];
    return new Map(members.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
  } catch {
    return new Map(); // Node could not read it either
  }
}
