import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import type { TargetFile } from '../model.ts';
import { targetPath, type TargetPath } from '../names.ts';
import { isSha256, readHashes } from './fields.ts';
import { Members } from './members.ts';
import { PlainFiles } from './plain-files.ts';
import { targetFileToJson } from './write.ts';

/** The `targets` member of a role (4.5). @throws MalformedMetadataError that names the first bad entry */
export function readTargetFiles(files: JsonObject): ReadonlyMap<TargetPath, TargetFile> {
  let size = 0;
  for (const path in files) {
    targetPath(path);
    if (!isPlain(files[path])) readTargetFile(files, path);
    size++;
  }
  return new Members(files, size, '', readTargetFile);
}

/** `files` with `changes` made, in a map of its own; null = taken out. What was read from a file is not made anew for it. */
export function editedTargetFiles(
  files: ReadonlyMap<TargetPath, TargetFile>,
  changes: ReadonlyMap<TargetPath, TargetFile | null>,
): ReadonlyMap<TargetPath, TargetFile> {
  const plain =
    files instanceof PlainFiles
      ? files.edited(changes, (file) => JSON.stringify(targetFileToJson(file)))
      : null;
  if (plain !== null) return plain;
  if (files instanceof Members) {
    const written = [...changes].map(
      ([path, file]) => [path, file === null ? null : targetFileToJson(file)] as const,
    );
    return files.edited(new Map(written));
  }
  const edited = new Map(files);
  for (const [path, file] of changes) {
    if (file === null) edited.delete(path);
    else edited.set(path, file);
  }
  return edited;
}

/** A length and one sha256: what `readTargetFile` would accept, judged without making anything of it. */
function isPlain(file: JsonValue | undefined): boolean {
  if (!isJsonObject(file) || !isJsonObject(file['hashes'])) return false;
  const { length, hashes } = file;
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return false;
  for (const name in hashes) if (name !== 'sha256') return false;
  return isSha256(hashes['sha256']);
}

function readTargetFile(files: JsonObject, path: string): TargetFile {
  const reader = Reader.of(files[path], path);
  const length = reader.integer('length', 0);
  const hashes = readHashes(reader);
  return { length, hashes, custom: reader.value('custom'), unrecognized: reader.rest() };
}
