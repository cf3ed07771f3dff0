import { crc32 } from 'node:zlib';
import { ArchiveError } from '../errors.ts';
import { inflateRaw } from './inflate-raw.ts';
import { defaultArchiveLimits, type ArchiveLimits } from './limits.ts';
import { NamesSeen } from './names-seen.ts';
import { safePath, type ArchiveEntry } from './tar-reader.ts';
import { checkExtra, localSignature, quoted, readDirectory, readEnd, type ZipEntry } from './zip-header.ts';

const localLength = 30;
const descriptorFlag = 0x0008;
/** How hard a compressor tried, a descriptor behind the data, names in UTF-8. */
const knownFlags = 0x0006 | descriptorFlag | 0x0800;
const encryptedFlags = 0x0001 | 0x0040 | 0x2000;

/**
 * Reads a zip that holds plain files and folders and nothing else, by the rules of `readArchive`. A zip says everything
 * twice, before each file and in the directory at its end: both must agree, and every byte of the archive must belong to
 * exactly one header, file or record, so that no two readers see different files in it.
 *
 * @throws ArchiveError
 */
export function readZip(
  bytes: Uint8Array,
  limits: ArchiveLimits = defaultArchiveLimits,
): readonly ArchiveEntry[] {
  if (bytes.length > limits.archiveMaxLength)
    throw new ArchiveError(
      'ARCHIVE_TOO_LARGE',
      `the archive has ${bytes.length} bytes, more than ${limits.archiveMaxLength}`,
    );
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength); // a view
  const end = readEnd(zip);
  if (end.count > limits.maxEntries)
    throw new ArchiveError('ARCHIVE_TOO_MANY_ENTRIES', `more than ${limits.maxEntries} entries`);
  const entries = readDirectory(zip, end);
  const names = new NamesSeen(limits.maxEntries);
  const files = new Map<ZipEntry, ArchiveEntry['path']>();
  for (const entry of entries) {
    refuseSpecial(entry);
    if (isFolder(entry)) {
      names.folder(safePath(entry.name.slice(0, -1)));
      continue;
    }
    const path = safePath(entry.name);
    names.file(path);
    files.set(entry, path);
  }
  refuseBombs(entries, bytes.length, limits);
  const bodies = readBodies(zip, entries, end.directoryAt);
  return [...files].map(([entry, path]) => ({
    path,
    mode: entry.hasModes && (entry.unixMode & 0o111) !== 0 ? 0o755 : 0o644,
    body: bodies.get(entry) ?? new Uint8Array(),
  }));
}

function isFolder({ name }: ZipEntry): boolean {
  return name.endsWith('/');
}

const types: ReadonlyMap<number, readonly [code: ArchiveError['code'], what: string]> = new Map([
  [0o120000, ['ARCHIVE_SYMLINK', 'a symbolic link']],
  [0o020000, ['ARCHIVE_DEVICE', 'a character device']],
  [0o060000, ['ARCHIVE_DEVICE', 'a block device']],
  [0o010000, ['ARCHIVE_FIFO', 'a fifo']],
]);

/** Modes are judged wherever the archive says that it was made: some readers look at them in any case. */
function refuseSpecial(entry: ZipEntry): void {
  const { name, flags, method, unixMode, dosAttributes } = entry;
  const refuse = (code: ArchiveError['code'], what: string): never => {
    throw new ArchiveError(code, `${quoted(name)} ${what}`);
  };
  if ((flags & encryptedFlags) !== 0) refuse('ARCHIVE_ENCRYPTED', 'is encrypted');
  if ((flags & ~knownFlags) !== 0) refuse('ARCHIVE_MALFORMED', `has unknown flags 0x${flags.toString(16)}`);
  if (method !== 0 && method !== 8)
    refuse('ARCHIVE_METHOD', `is compressed by method ${method}, only deflate is read`);
  const type = unixMode & 0o170000;
  const expected = isFolder(entry) ? 0o040000 : 0o100000;
  const special = types.get(type);
  if (special !== undefined) refuse(special[0], `is ${special[1]}`);
  if (type !== 0 && type !== expected) refuse('ARCHIVE_ENTRY_TYPE', 'is not what its name says');
  if ((unixMode & 0o7000) !== 0) refuse('ARCHIVE_SPECIAL_MODE', 'is setuid, setgid or sticky');
  if ((dosAttributes & 0x0400) !== 0) refuse('ARCHIVE_SYMLINK', 'is a reparse point');
  if ((dosAttributes & 0x0008) !== 0 || ((dosAttributes & 0x0010) !== 0 && !isFolder(entry)))
    refuse('ARCHIVE_ENTRY_TYPE', 'is not what its name says');
  if (isFolder(entry) && (entry.length !== 0 || entry.crc !== 0))
    refuse('ARCHIVE_SIZE', 'is a folder with content');
  if (method === 0 && entry.length !== entry.packedLength) refuse('ARCHIVE_SIZE', 'has two sizes');
  // Whoever reads from the front cannot know where such a file ends.
  if (method === 0 && (flags & descriptorFlag) !== 0 && entry.length !== 0)
    refuse('ARCHIVE_MALFORMED', 'is stored and states its size only behind its data');
}

/** By what the directory states; that it states the truth is seen when each is inflated to exactly that. */
function refuseBombs(entries: readonly ZipEntry[], packed: number, limits: ArchiveLimits): void {
  const large = entries.find((entry) => entry.length > limits.fileMaxLength);
  if (large !== undefined)
    throw new ArchiveError(
      'ARCHIVE_FILE_TOO_LARGE',
      `${quoted(large.name)} has more than ${limits.fileMaxLength} bytes`,
    );
  const total = entries.reduce((sum, entry) => sum + entry.length, 0);
  if (total > limits.unpackedMaxLength)
    throw new ArchiveError(
      'ARCHIVE_TOO_LARGE',
      `the archive unpacks to more than ${limits.unpackedMaxLength} bytes`,
    );
  if (total > Math.max(limits.ratioFreeLength, packed * limits.maxRatio))
    throw new ArchiveError(
      'ARCHIVE_BOMB',
      `${packed} packed bytes unpack to more than ${limits.maxRatio} times as many`,
    );
}

/** In the order in which they lie in the archive, each beginning where the one before ends, the last ending at the directory. */
function readBodies(
  zip: Buffer,
  entries: readonly ZipEntry[],
  directoryAt: number,
): ReadonlyMap<ZipEntry, Uint8Array> {
  const spans: (readonly [ZipEntry, Buffer])[] = [];
  let at = 0;
  for (const entry of entries.toSorted((a, b) => a.at - b.at)) {
    meets(at, entry.at, entry.name);
    const start = checkLocal(zip, entry, directoryAt);
    const dataEnd = start + entry.packedLength;
    if (dataEnd > directoryAt)
      throw new ArchiveError(
        'ARCHIVE_OVERLAP',
        `${quoted(entry.name)} reaches into the directory of the archive`,
      );
    at = (entry.flags & descriptorFlag) === 0 ? dataEnd : afterDescriptor(zip, entry, dataEnd, directoryAt);
    spans.push([entry, zip.subarray(start, dataEnd)]);
  }
  meets(at, directoryAt, 'the directory');
  return new Map(spans.map(([entry, packed]) => [entry, unpacked(entry, packed)] as const)); // nothing before all was judged
}

function meets(end: number, start: number, name: string): void {
  if (start < end) throw new ArchiveError('ARCHIVE_OVERLAP', `${quoted(name)} overlaps what lies before it`);
  if (start > end)
    throw new ArchiveError(
      'ARCHIVE_HIDDEN_DATA',
      `${start - end} bytes before ${quoted(name)} belong to no file`,
    );
}

/** Where the data begins. */
function checkLocal(zip: Buffer, entry: ZipEntry, limit: number): number {
  const { at, name } = entry;
  if (at + localLength > limit || zip.readUInt32LE(at) !== localSignature)
    throw new ArchiveError('ARCHIVE_MALFORMED', `${quoted(name)} has no header where the directory says`);
  const nameAt = at + localLength;
  const extraAt = nameAt + zip.readUInt16LE(at + 26);
  const start = extraAt + zip.readUInt16LE(at + 28);
  if (start > limit)
    throw new ArchiveError('ARCHIVE_MALFORMED', `the header of ${quoted(name)} ends in the middle`);
  const stated = [zip.readUInt32LE(at + 14), zip.readUInt32LE(at + 18), zip.readUInt32LE(at + 22)];
  const known = [entry.crc, entry.packedLength, entry.length];
  const later = (entry.flags & descriptorFlag) !== 0 && stated.every((value) => value === 0);
  if (
    zip.readUInt16LE(at + 6) !== entry.flags ||
    zip.readUInt16LE(at + 8) !== entry.method ||
    !zip.subarray(nameAt, extraAt).equals(entry.nameBytes) ||
    !(later || stated.every((value, index) => value === known[index]))
  )
    throw new ArchiveError('ARCHIVE_HEADERS_DIFFER', `two headers of ${quoted(name)} differ`);
  checkExtra(zip.subarray(extraAt, start), name);
  return start;
}

/** A descriptor repeats checksum and sizes, with a mark before them or without. */
function afterDescriptor(zip: Buffer, entry: ZipEntry, at: number, limit: number): number {
  const marked = at + 16 <= limit && zip.readUInt32LE(at) === 0x08074b50;
  const first = marked ? at + 4 : at;
  const same =
    first + 12 <= limit &&
    zip.readUInt32LE(first) === entry.crc &&
    zip.readUInt32LE(first + 4) === entry.packedLength &&
    zip.readUInt32LE(first + 8) === entry.length;
  if (!same)
    throw new ArchiveError(
      'ARCHIVE_HEADERS_DIFFER',
      `what follows ${quoted(entry.name)} differs from its header`,
    );
  return first + 12;
}

function unpacked(entry: ZipEntry, packed: Buffer): Uint8Array {
  const body = entry.method === 0 ? packed : inflate(entry, packed);
  if (body.length !== entry.length)
    throw new ArchiveError(
      'ARCHIVE_SIZE',
      `${quoted(entry.name)} has ${body.length} bytes, stated are ${entry.length}`,
    );
  if (crc32(body) !== entry.crc)
    throw new ArchiveError('ARCHIVE_CHECKSUM', `the checksum of ${quoted(entry.name)} is wrong`);
  return body;
}

/** Bounded by what the directory states, which was judged; the deflated data ends where it says. */
function inflate(entry: ZipEntry, packed: Buffer): Uint8Array {
  const { name, length } = entry;
  try {
    const { buffer, consumed } = inflateRaw(packed, {
      maxOutputLength: length + 1,
      chunkSize: Math.max(64, length + 1),
    });
    if (consumed !== packed.length)
      throw new ArchiveError('ARCHIVE_HIDDEN_DATA', `data follows the end of ${quoted(name)}`);
    return buffer;
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new ArchiveError(
        'ARCHIVE_SIZE',
        `${quoted(name)} has more than the ${length} bytes that are stated`,
      );
    if (code === 'Z_BUF_ERROR')
      throw new ArchiveError('ARCHIVE_TRUNCATED', `${quoted(name)} ends in the middle`, { cause });
    throw new ArchiveError('ARCHIVE_MALFORMED', `${quoted(name)} is damaged`, { cause });
  }
}
