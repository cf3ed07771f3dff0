import { ArchiveError } from '../errors.ts';
import type { ArchiveLimits } from './limits.ts';
import { readArchive, type ArchiveEntry } from './tar-reader.ts';
import { readZip } from './zip-reader.ts';

/** What a published artifact is, by the ending of its name: the signed manifest states both, and they must agree. */
const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['tgz', 'application/gzip'],
  ['mcpb', 'application/zip'],
  ['vsix', 'application/zip'],
  ['whl', 'application/zip'],
]);

/** `null` for an ending that we do not publish. */
export function mediaTypeOf(name: string): string | null {
  return mediaTypes.get(name.slice(name.lastIndexOf('.') + 1)) ?? null;
}

/**
 * Reads an artifact as the signed manifest describes it, never by guessing from its bytes.
 *
 * @throws ArchiveError, `ARCHIVE_MALFORMED` also for a media type that does not belong to the name
 */
export function readArtifact(
  bytes: Uint8Array,
  { name, mediaType }: { readonly name: string; readonly mediaType: string },
  limits: ArchiveLimits,
): readonly ArchiveEntry[] {
  if (mediaTypeOf(name) !== mediaType)
    throw new ArchiveError('ARCHIVE_MALFORMED', `${name} is no archive of type ${mediaType}`, {
      hint: 'it may need a newer version of this program',
    });
  return mediaType === 'application/zip' ? readZip(bytes, limits) : readArchive(bytes, limits);
}
