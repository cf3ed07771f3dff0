import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import type { MetaFile } from '../model.ts';
import { roleName, type RoleName } from '../names.ts';
import { isSha256, readMetaFile } from './fields.ts';
import { Members } from './members.ts';

const suffix = '.json';

/** The `meta` member of a snapshot (4.4), by role. @throws MalformedMetadataError that names the first bad entry */
export function readMetaFiles(files: Reader, json: JsonObject): ReadonlyMap<RoleName, MetaFile> {
  let size = 0;
  for (const file in json) {
    if (!file.endsWith(suffix)) files.fail(file, 'a name that ends in .json');
    roleName(file.slice(0, -suffix.length));
    if (plainMetaFile(json[file]) === null) readMetaFile(files.object(file));
    size++;
  }
  const { path } = files;
  return new Members(
    json,
    size,
    suffix,
    (all, file) => plainMetaFile(all[file]) ?? readMetaFile(Reader.of(all[file], `${path}.${file}`)),
  );
}

/**
 * What nearly every entry is: a version alone, as bins have it, or with length and one sha256. `readMetaFile` makes the same of it,
 * in three times the time. Null where that one has to judge.
 */
function plainMetaFile(file: JsonValue | undefined): MetaFile | null {
  if (!isJsonObject(file)) return null;
  for (const name in file) if (name !== 'version' && name !== 'length' && name !== 'hashes') return null;
  const { version, length, hashes } = file;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version >= 2 ** 31)
    return null;
  if (length === undefined && hashes === undefined)
    return { version, length: null, hashes: null, unrecognized: none };
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return null;
  if (!isJsonObject(hashes)) return null;
  for (const name in hashes) if (name !== 'sha256') return null;
  const digest = hashes['sha256'];
  if (!isSha256(digest)) return null;
  return { version, length, hashes: new Map([['sha256', digest]]), unrecognized: none };
}

const none: MetaFile['unrecognized'] = new Map();
