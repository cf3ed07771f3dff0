import { ArchiveError, NameError } from '../errors.ts';
import { filePath, foldedPath, type FilePath } from '../names.ts';
import { gunzipStrict } from './gunzip.ts';
import { defaultArchiveLimits, type ArchiveLimits } from './limits.ts';
import { readPax, type PaxRecords } from './pax.ts';
import { blockLength, readHeader, type TarHeader } from './tar-header.ts';

/** A plain file of an archive. `body` is a view of the unpacked archive, not a copy. */
export interface ArchiveEntry {
  readonly path: FilePath;
  readonly mode: 0o644 | 0o755;
  readonly body: Uint8Array;
}

/**
 * Reads a .tgz that holds plain files and folders and nothing else: no link of any kind, no device, no trick of tar's
 * many dialects. Everything is judged before anything is returned.
 *
 * @throws ArchiveError
 */
export function readArchive(
  bytes: Uint8Array,
  limits: ArchiveLimits = defaultArchiveLimits,
): readonly ArchiveEntry[] {
  return readTar(gunzipStrict(bytes, limits), limits);
}

/** As `readArchive`, of a tar that is not compressed. */
export function readTar(
  tar: Uint8Array,
  limits: ArchiveLimits = defaultArchiveLimits,
): readonly ArchiveEntry[] {
  const names = new Names();
  const entries: ArchiveEntry[] = [];
  let pax: PaxRecords | null = null;
  let at = 0;
  let count = 0;
  for (;;) {
    const block = tar.subarray(at, at + blockLength);
    if (block.length < blockLength)
      throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends without its end mark');
    if (isZero(block)) break;
    if (++count > limits.maxEntries)
      throw new ArchiveError('ARCHIVE_TOO_LARGE', `more than ${limits.maxEntries} entries`);
    const header = readHeader(block);
    const size = header.type === '0' ? (pax?.size ?? header.size) : header.size;
    const body = tar.subarray(at + blockLength, at + blockLength + size);
    if (body.length < size)
      throw new ArchiveError('ARCHIVE_TRUNCATED', `the archive ends inside ${JSON.stringify(header.name)}`);
    at += blockLength + Math.ceil(size / blockLength) * blockLength;
    if (header.type === 'x' || header.type === 'g') {
      const records = readPax(body, header.type);
      if (header.type === 'g') continue;
      if (pax !== null) throw new ArchiveError('ARCHIVE_SPECIAL', 'two pax headers before one entry');
      pax = records;
      continue;
    }
    const name = pax?.path ?? header.name;
    pax = null;
    refuseSpecial(header, name);
    if (header.type === '5') names.folder(safePath(name.replace(/\/$/, '')));
    else {
      const path = names.file(safePath(name));
      if (size > limits.fileMaxLength)
        throw new ArchiveError('ARCHIVE_TOO_LARGE', `${path} has more than ${limits.fileMaxLength} bytes`);
      entries.push({ path, mode: (header.mode & 0o111) === 0 ? 0o644 : 0o755, body });
    }
  }
  if (pax !== null) throw new ArchiveError('ARCHIVE_TRUNCATED', 'a pax header without its entry');
  checkEnd(tar.subarray(at));
  return entries;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['1', 'a hard link'],
  ['2', 'a symbolic link'],
  ['3', 'a character device'],
  ['4', 'a block device'],
  ['6', 'a fifo'],
]);

function refuseSpecial(header: TarHeader, name: string): void {
  const shown = JSON.stringify(name.slice(0, 120));
  if (header.type === '1' || header.type === '2')
    throw new ArchiveError('ARCHIVE_LINK', `${shown} is ${kinds.get(header.type)}`);
  if (header.type !== '0' && header.type !== '5')
    throw new ArchiveError(
      'ARCHIVE_SPECIAL',
      `${shown} is ${kinds.get(header.type) ?? `an entry of type ${JSON.stringify(header.type)}`}`,
    );
  if ((header.mode & 0o7000) !== 0)
    throw new ArchiveError('ARCHIVE_SPECIAL', `${shown} is setuid, setgid or sticky`);
  if (header.type === '5' && header.size !== 0)
    throw new ArchiveError('ARCHIVE_MALFORMED', `the folder ${shown} has content`);
}

function safePath(raw: string): FilePath {
  try {
    return filePath(raw);
  } catch (cause) {
    if (cause instanceof NameError) throw new ArchiveError('ARCHIVE_UNSAFE_PATH', cause.message, { cause });
    throw cause;
  }
}

/** Every name so far as the least careful disk sees it. */
class Names {
  readonly #files = new Set<string>();
  /** Folded → as written: folders may come again, but not in another spelling. */
  readonly #folders = new Map<string, string>();

  file(path: FilePath): FilePath {
    const folded = foldedPath(path);
    if (this.#files.has(folded) || this.#folders.has(folded)) throw collision(path);
    this.#files.add(folded);
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.folder(path.slice(0, slash));
    return path;
  }

  folder(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      const folded = foldedPath(folder);
      const known = this.#folders.get(folded);
      if (known === folder) return; // and so are the folders above it
      if (known !== undefined || this.#files.has(folded)) throw collision(folder);
      this.#folders.set(folded, folder);
    }
  }
}

function collision(path: string): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_COLLISION',
    `${JSON.stringify(path)} stands twice, or is one with another name on some disk`,
  );
}

/** Two blocks of zeros, then nothing but zeros (tar pads to its own block size). */
function checkEnd(rest: Uint8Array): void {
  if (rest.length < 2 * blockLength)
    throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends without its end mark');
  if (!isZero(rest))
    throw new ArchiveError('ARCHIVE_TRAILING_DATA', 'data follows the end mark of the archive');
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
