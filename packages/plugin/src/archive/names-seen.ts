import { ArchiveError } from '../errors.ts';
import { foldedPath, type FilePath } from '../names.ts';

/**
 * Every name of an archive so far, as the least careful disk sees it. Files stand once; folders may come again, but not
 * in another spelling; nothing is both.
 */
export class NamesSeen {
  /** Folded → as written. */
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();
  /** Folders as written that need not be folded again: siblings share them. */
  readonly #known = new Set<string>();
  readonly #maxFolders: number;

  /** Folders that are only parts of names count too: a name of 1,024 characters can make hundreds of them. */
  constructor(maxFolders: number) {
    this.#maxFolders = maxFolders;
  }

  /** @throws ArchiveError `ARCHIVE_DUPLICATE`, `ARCHIVE_TWINS`, `ARCHIVE_FILE_AND_FOLDER`, `ARCHIVE_TOO_MANY_ENTRIES` */
  file(path: FilePath): void {
    const folded = foldedPath(path);
    const twin = this.#files.get(folded);
    if (twin !== undefined) throw twin === path ? duplicate(path) : twins(path, twin);
    if (this.#folders.has(folded)) throw both(path);
    this.#files.set(folded, path);
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.folder(path.slice(0, slash));
  }

  folder(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (this.#known.has(folder)) return; // and so are the folders above it
      const folded = foldedPath(folder);
      if (this.#files.has(folded)) throw both(folder);
      const twin = this.#folders.get(folded);
      if (twin !== undefined && twin !== folder) throw twins(folder, twin);
      if (this.#known.size >= this.#maxFolders)
        throw new ArchiveError('ARCHIVE_TOO_MANY_ENTRIES', `more than ${this.#maxFolders} folders`);
      this.#folders.set(folded, folder);
      this.#known.add(folder);
    }
  }
}

function duplicate(path: string): ArchiveError {
  return new ArchiveError('ARCHIVE_DUPLICATE', `${JSON.stringify(path)} stands twice`);
}

function twins(path: string, twin: string): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_TWINS',
    `${JSON.stringify(path)} and ${JSON.stringify(twin)} are one name on some disk`,
  );
}

function both(path: string): ArchiveError {
  return new ArchiveError('ARCHIVE_FILE_AND_FOLDER', `${JSON.stringify(path)} is a file and also a folder`);
}
