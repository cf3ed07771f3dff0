import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import type { TargetFile } from '../model.ts';
import { targetPath, type TargetPath } from '../names.ts';
import { readHashes } from './fields.ts';

/**
 * The `targets` member of a role (4.5). Every entry is read at once, so that a bad one is refused with its role, but
 * kept as it came and made anew when it is asked for: of 100,000 entries a look-up needs one, and keeping them all
 * would take four times the memory.
 */
export class TargetFiles implements ReadonlyMap<TargetPath, TargetFile> {
  readonly size: number;
  readonly #files: JsonObject;

  /** @throws MalformedMetadataError that names the first bad entry */
  constructor(files: JsonObject) {
    let size = 0;
    for (const path in files) {
      const checked = targetPath(path);
      if (!isPlain(files[path])) readTargetFile(files, checked);
      size++;
    }
    this.#files = files;
    this.size = size;
  }

  /** Every name that is here went through `targetPath`. */
  has(path: string): path is TargetPath {
    return Object.hasOwn(this.#files, path);
  }

  get(path: TargetPath): TargetFile | undefined {
    return this.has(path) ? readTargetFile(this.#files, path) : undefined;
  }

  keys(): MapIterator<TargetPath> {
    return Object.keys(this.#files)
      .filter((path) => this.has(path))
      .values();
  }

  *values(): MapIterator<TargetFile> {
    for (const path of this.keys()) yield readTargetFile(this.#files, path);
  }

  *entries(): MapIterator<[TargetPath, TargetFile]> {
    for (const path of this.keys()) yield [path, readTargetFile(this.#files, path)];
  }

  [Symbol.iterator](): MapIterator<[TargetPath, TargetFile]> {
    return this.entries();
  }

  forEach(visit: (file: TargetFile, path: TargetPath, map: TargetFiles) => void): void {
    for (const [path, file] of this) visit(file, path, this);
  }
}

/** A length and one sha256: what `readTargetFile` would accept, judged without making anything of it. */
function isPlain(file: JsonValue | undefined): boolean {
  if (!isJsonObject(file) || !isJsonObject(file['hashes'])) return false;
  const { length, hashes } = file;
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return false;
  for (const name in hashes) if (name !== 'sha256') return false;
  const digest = hashes['sha256'];
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
}

function readTargetFile(files: JsonObject, path: TargetPath): TargetFile {
  const reader = Reader.of(files[path], path);
  const length = reader.integer('length', 0);
  const hashes = readHashes(reader);
  return { length, hashes, custom: reader.value('custom'), unrecognized: reader.rest() };
}
