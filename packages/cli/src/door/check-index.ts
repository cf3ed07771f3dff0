import {
  FormatError,
  indexLoss,
  latestVersion,
  parseIndex,
  type PluginIndex,
  type PluginName,
  type VendorName,
} from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';

/**
 * Judges a plugin's new index beside the one before (null: none). It speaks of the plugin whose path it has, loses no version,
 * changes no digest, and its channel `latest` is what it is by rule.
 * @throws DoorError
 */
export function checkIndex(
  path: string,
  plugin: { readonly vendor: VendorName; readonly plugin: PluginName },
  bytes: Uint8Array,
  before: PluginIndex | null,
): PluginIndex {
  const index = readIndex(path, bytes);
  if (index.vendor !== plugin.vendor || index.plugin !== plugin.plugin)
    throw new DoorError('DOOR_PATHS', path, `speaks of ${index.vendor}/${index.plugin}`);
  const loss = before === null ? null : indexLoss(before, index);
  if (loss !== null && loss.part === null)
    throw new DoorError('DOOR_IMMUTABLE', path, `loses version ${loss.version}`, {
      hint: 'a version is never removed: yank it',
    });
  if (loss !== null)
    throw new DoorError(
      'DOOR_IMMUTABLE',
      path,
      `the ${loss.part} of ${loss.version} is not the published one`,
      { hint: 'a published version never changes: publish under a new version' },
    );
  const [latest, said] = [latestVersion(index), index.channels.get('latest') ?? null];
  if (said !== latest)
    throw new DoorError(
      'DOOR_FORMAT',
      path,
      `its channel latest is ${said ?? 'absent'}, and should be ${latest ?? 'absent'}`,
      { hint: 'the highest version that is neither yanked nor a prerelease' },
    );
  return index;
}

/** @throws DoorError DOOR_FORMAT */
export function readIndex(path: string, bytes: Uint8Array): PluginIndex {
  try {
    return parseIndex(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DoorError('DOOR_FORMAT', path, cause.message, { cause });
  }
}
