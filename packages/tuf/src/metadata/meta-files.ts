import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import type { MetaFile } from '../model.ts';
import { roleName, type RoleName } from '../names.ts';
import { readMetaFile } from './fields.ts';
import { Members } from './members.ts';

const suffix = '.json';

/** The `meta` member of a snapshot (4.4), by role. @throws MalformedMetadataError that names the first bad entry */
export function readMetaFiles(files: Reader, json: JsonObject): ReadonlyMap<RoleName, MetaFile> {
  let size = 0;
  for (const file in json) {
    if (!file.endsWith(suffix)) files.fail(file, 'a name that ends in .json');
    roleName(file.slice(0, -suffix.length));
    if (!isPlain(json[file])) readMetaFile(files.object(file));
    size++;
  }
  const { path } = files;
  return new Members(json, size, suffix, (all, file) =>
    readMetaFile(Reader.of(all[file], `${path}.${file}`)),
  );
}

/** A version alone, as bins have it: judged without making anything of it. */
function isPlain(file: JsonValue | undefined): boolean {
  if (!isJsonObject(file)) return false;
  for (const name in file) if (name !== 'version') return false;
  const { version } = file;
  return typeof version === 'number' && Number.isInteger(version) && version >= 1 && version < 2 ** 31;
}
