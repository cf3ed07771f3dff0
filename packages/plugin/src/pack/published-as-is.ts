import type { ArchiveEntry } from '../archive/tar-reader.ts';
import { PackError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { pluginName, pluginVersion, type PluginName, type PluginVersion } from '../names.ts';

/** The formats whose very bytes are published; each has a manifest of its own, which is mapped to ours. */
export type AsIsType = Extract<PluginManifest['source']['type'], 'mcpb' | 'vsix' | 'wheel'>;

/** By the ending of the file: what it is, and the ending that it is published with. */
export const asIsTypes: ReadonlyMap<string, readonly [type: AsIsType, ending: string]> = new Map([
  ['mcpb', ['mcpb', 'mcpb']],
  ['dxt', ['mcpb', 'mcpb']], // what bundles were called before
  ['vsix', ['vsix', 'vsix']],
  ['whl', ['wheel', 'whl']],
]);

/** What a package's own manifest says, in our words. */
export interface Described extends Pick<
  PluginManifest,
  'description' | 'entry' | 'kind' | 'engines' | 'target' | 'capabilities'
> {
  /** As it calls itself. */
  readonly name: string;
  readonly version: string;
  /** The same where ours can say it. */
  readonly plugin: string;
  readonly pluginVersion: string;
  readonly runtime: NonNullable<PluginManifest['runtime']>;
  readonly keywords: readonly string[];
  readonly notes: readonly string[];
}

export interface DescribeOptions {
  readonly originalName: string;
  /** `linux-x64` and the like: which of several programs is meant. */
  readonly target?: string | undefined;
}

/**
 * Reads the package's own manifest. Packing does it, and the door and every host repeat it on the bytes that they got.
 *
 * @throws PackError `PACKAGE_MANIFEST`, `PACKAGE_UNSUPPORTED`, `WHEEL_RECORD`
 */
export async function describe(
  type: AsIsType,
  entries: readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[],
  options: DescribeOptions,
): Promise<Described> {
  switch (type) {
    case 'mcpb':
      return (await import('./mcpb.ts')).describeBundle(entries, options);
    case 'vsix':
      return (await import('./vsix.ts')).describeExtension(entries);
    case 'wheel':
      return (await import('./wheel.ts')).describeWheel(entries, options);
  }
}

/** Under which name and version it is published. @throws PackError `PLUGIN_NAME`, `PLUGIN_VERSION` */
export function publishedName(
  { name, version, plugin, pluginVersion: mapped }: Described,
  wanted: string | undefined,
): readonly [PluginName, PluginVersion] {
  try {
    pluginName(wanted ?? plugin);
  } catch (cause) {
    throw new PackError(
      'PLUGIN_NAME',
      `${JSON.stringify(name.slice(0, 80))} cannot be a plugin's name here`,
      {
        cause,
        hint: 'choose one: --name <name>',
      },
    );
  }
  try {
    return [pluginName(wanted ?? plugin), pluginVersion(mapped)];
  } catch (cause) {
    throw new PackError(
      'PLUGIN_VERSION',
      `the version ${JSON.stringify(version.slice(0, 80))} is not SemVer`,
      {
        cause,
        hint: 'ask its author for one such as 1.2.0; as a plain file it can be published by: ragv target add',
      },
    );
  }
}

/** Why the signed manifest is not what these files say themselves; null if it is. */
export async function mappingProblem(
  manifest: PluginManifest,
  files: readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[],
): Promise<string | null> {
  const type = [...asIsTypes.values()].find(([item]) => item === manifest.source.type)?.[0];
  if (type === undefined) return 'its manifest does not say which format it has';
  const { originalName } = manifest.artifact;
  const target = manifest.target === 'any' ? undefined : manifest.target;
  const found = await describe(type, files, { originalName, target });
  const same =
    found.pluginVersion === manifest.version &&
    manifest.source.name === `${found.name}@${found.version}` &&
    found.kind === manifest.kind &&
    found.runtime === manifest.runtime &&
    found.target === manifest.target &&
    JSON.stringify(plain(found.entry)) ===
      JSON.stringify(plain({ ...manifest.entry, ...ownBin(manifest, found) }));
  return same ? null : 'its manifest says something else than the package itself';
}

/** A command is called like the plugin, which `--name` may have changed. */
function ownBin(manifest: PluginManifest, found: Described): Partial<PluginManifest['entry']> {
  const path = manifest.entry.bin.get(manifest.plugin);
  return path !== undefined && manifest.entry.bin.size === 1 && found.entry.bin.size === 1
    ? { bin: new Map([...found.entry.bin.keys()].map((name) => [name, path])) }
    : {};
}

function plain(value: unknown): unknown {
  if (value instanceof Map)
    return [...value].map(([key, item]: [string, unknown]) => [key, plain(item)]).toSorted(byText);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)])
      .toSorted(byText);
  return value;
}

function byText(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}
