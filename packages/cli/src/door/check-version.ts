import {
  checkArchive,
  defaultHostLimits,
  keywordsOf,
  parseManifest,
  PluginError,
  type IndexEntry,
  type PluginManifest,
  type PluginName,
  type PluginVersion,
  type VendorName,
} from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';
import { checkCapabilities } from './check-capabilities.ts';
import { VaultError } from '@ragnos/tuf';
import { sha256 } from '../sha256.ts';

export interface VersionToCheck {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly version: PluginVersion;
  readonly entry: IndexEntry;
}

export interface CheckedVersion {
  readonly manifest: PluginManifest;
  readonly archive: Uint8Array;
  readonly keywords: readonly string[];
}

/**
 * Repeats on the bytes what packing did on the author's machine: both files are what the index says, the manifest is that of this
 * plugin and version, and the archive holds exactly the files that it names. `read` gives the verified bytes of a published file.
 * @throws DoorError
 */
export async function checkVersion(
  { vendor, plugin, version, entry }: VersionToCheck,
  read: (name: string) => Promise<Uint8Array | null>,
  signal?: AbortSignal,
): Promise<CheckedVersion> {
  const file = `${plugin}-${version}`;
  if (entry.manifest.name !== `${file}.manifest.json` || !entry.artifact.name.startsWith(`${file}.`))
    throw new DoorError('DOOR_PATHS', entry.artifact.name, `the files of ${version} are called ${file}.…`);
  const [manifestBytes, archive] = [
    await published(entry.manifest, read),
    await published(entry.artifact, read),
  ];
  try {
    const manifest = parseManifest(manifestBytes);
    const { artifact } = manifest;
    const same =
      manifest.vendor === vendor &&
      manifest.plugin === plugin &&
      manifest.version === version &&
      artifact.name === entry.artifact.name &&
      artifact.length === entry.artifact.length &&
      artifact.sha256 === entry.artifact.sha256;
    if (!same)
      throw new DoorError('DOOR_PATHS', entry.manifest.name, 'describes another plugin, version or artifact');
    const files = await checkArchive(archive, manifest, defaultHostLimits, signal);
    await checkCapabilities(manifest, files, signal);
    return { manifest, archive, keywords: await keywordsOf(manifest, files) };
  } catch (cause) {
    if (cause instanceof DoorError || !(cause instanceof VaultError)) throw cause;
    const code = cause instanceof PluginError ? 'DOOR_FORMAT' : 'DOOR_TARGETS';
    throw new DoorError(code, entry.artifact.name, cause.message, { cause });
  }
}

async function published(
  ref: IndexEntry['artifact'],
  read: (name: string) => Promise<Uint8Array | null>,
): Promise<Uint8Array> {
  const bytes = await read(ref.name);
  if (bytes === null)
    throw new DoorError('DOOR_TARGETS', ref.name, 'the index lists it, and the role does not', {
      hint: 'sign and hand in the artifact, its manifest and the index together',
    });
  if (bytes.length !== ref.length || sha256(bytes) !== ref.sha256)
    throw new DoorError('DOOR_TARGETS', ref.name, 'is published as other bytes than the index says', {
      hint: 'no host would take it: pack and sign it anew',
    });
  return bytes;
}
