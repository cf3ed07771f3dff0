import { ArchiveError } from '../errors.ts';
import { decodeUtf8 } from './tar-header.ts';

/** What of a pax header we act on. */
export interface PaxRecords {
  readonly path?: string;
  readonly size?: number;
}

/** What other readers bound it to; ours needs a path and a few numbers. */
const maxPaxLength = 1_048_576;

/** Says nothing about where or what a file is; npm, git and bsdtar write these. */
const harmless =
  /^(?:mtime|atime|ctime|uid|gid|uname|gname|comment|LIBARCHIVE\.creationtime|SCHILY\.(?:dev|ino|nlink)|NODETAR\..*)$/;

/**
 * Reads the records of a pax header (`length key=value\n`). `path` and `size` count in a local header (`x`); a global
 * one (`g`) may not change where files go. Everything else that could is refused.
 */
export function readPax(body: Buffer, type: 'x' | 'g'): PaxRecords {
  if (body.length > maxPaxLength)
    throw new ArchiveError('ARCHIVE_PAX', `a pax header of more than ${maxPaxLength} bytes`);
  const found = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const blank = body.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 8 ? '' : body.toString('latin1', at, blank);
    const length = Number(digits);
    const end = at + length;
    if (!/^[1-9]\d{0,6}$/.test(digits) || end > body.length || end <= blank + 1 || body[end - 1] !== 0x0a)
      throw new ArchiveError('ARCHIVE_MALFORMED', 'a pax header is malformed');
    const record = decodeUtf8(body, blank + 1, end - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, Math.max(0, equals));
    const known = harmless.test(key) || (type === 'x' && (key === 'path' || key === 'size'));
    if (key.startsWith('GNU.sparse.'))
      throw new ArchiveError('ARCHIVE_SPARSE', 'a pax header describes a sparse file');
    if (!known || found.has(key))
      throw new ArchiveError('ARCHIVE_PAX', `a pax header sets ${JSON.stringify(key.slice(0, 60))}`);
    found.set(key, record.slice(equals + 1));
    at = end;
  }
  const path = found.get('path');
  const size = found.get('size');
  if (size !== undefined && !/^\d{1,15}$/.test(size))
    throw new ArchiveError('ARCHIVE_SIZE', 'a pax header lies about a size');
  return { ...(path === undefined ? {} : { path }), ...(size === undefined ? {} : { size: Number(size) }) };
}
