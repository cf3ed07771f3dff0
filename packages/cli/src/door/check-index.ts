import {
  compareVersions,
  FormatError,
  parseIndex,
  type PluginIndex,
  type PluginName,
  type PluginVersion,
  type VendorName,
} from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';

/**
 * Reads a plugin's new index beside the one before (null: none). It speaks of the plugin whose path it has, loses no version,
 * changes no digest, and its channel `latest` is what it is by rule.
 * @throws DoorError
 */
export function checkIndex(
  path: string,
  plugin: { readonly vendor: VendorName; readonly plugin: PluginName },
  bytes: Uint8Array,
  before: Uint8Array | null,
): PluginIndex {
  const index = read(path, bytes);
  if (index.vendor !== plugin.vendor || index.plugin !== plugin.plugin)
    throw new DoorError('DOOR_PATHS', path, `speaks of ${index.vendor}/${index.plugin}`);
  for (const [version, entry] of before === null ? [] : read(path, before).versions) {
    const now = index.versions.get(version);
    if (now === undefined)
      throw new DoorError('DOOR_IMMUTABLE', path, `loses version ${version}`, {
        hint: 'a version is never removed: yank it',
      });
    for (const part of ['artifact', 'manifest'] as const)
      if (now[part].sha256 !== entry[part].sha256 || now[part].name !== entry[part].name)
        throw new DoorError('DOOR_IMMUTABLE', path, `the ${part} of ${version} is not the published one`, {
          hint: 'a published version never changes: publish under a new version',
        });
  }
  const latest = latestOf(index);
  if ((index.channels.get('latest') ?? null) !== latest)
    throw new DoorError(
      'DOOR_FORMAT',
      path,
      `its channel latest is ${index.channels.get('latest') ?? 'absent'}, and should be ${latest ?? 'absent'}`,
      { hint: 'the highest version that is neither yanked nor a prerelease' },
    );
  return index;
}

function read(path: string, bytes: Uint8Array): PluginIndex {
  try {
    return parseIndex(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DoorError('DOOR_FORMAT', path, cause.message, { cause });
  }
}

function latestOf(index: PluginIndex): PluginVersion | null {
  const good = [...index.versions].filter(
    ([version, entry]) => entry.yanked === null && !version.includes('-'),
  );
  const sorted = good.map(([version]) => version).toSorted(compareVersions);
  return sorted.at(-1) ?? null;
}
