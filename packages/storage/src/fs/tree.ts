import { constants, type BigIntStats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import { isSystemError, type FileSystem } from './file-system.ts';

/** Temporary files and locks lie here; no key reaches it (see `storageKey`) and no listing shows it. */
export const privateName = '.storage';

/** The folders under a root: refuses links on the way, and makes what it creates durable. */
export class Tree {
  readonly root: string;
  readonly #fs: FileSystem;
  readonly #create: boolean;
  /** Folders whose own entry is known to be on disk. Made by somebody else is not enough: that one may not have synced it yet. */
  readonly #durable = new Set<string>();

  constructor(fs: FileSystem, root: string, create: boolean) {
    this.#fs = fs;
    this.root = resolve(root);
    this.#create = create;
  }

  pathOf(key: StorageKey): string {
    return join(this.root, ...key.split('/'));
  }

  /** `null`: nothing there. A link on the way, or at the end, is STORAGE_SYMLINK; a missing root is not an empty one. */
  async stat(key: string): Promise<BigIntStats | null> {
    let path = this.root;
    let stats: BigIntStats | null = null;
    for (const segment of key === '' ? [] : key.split('/')) {
      path = join(path, segment);
      stats = await this.#lookAt(path);
      if (stats === null) break;
    }
    if (stats === null) await this.#checkRoot();
    return stats;
  }

  /** As `stat`, right after `makeParents`, which has looked at the folders. */
  entry(key: StorageKey): Promise<BigIntStats | null> {
    return this.#lookAt(this.pathOf(key));
  }

  async #lookAt(path: string): Promise<BigIntStats | null> {
    const stats = await this.#lstat(path);
    if (stats?.isSymbolicLink()) throw symlink(path);
    return stats;
  }

  /** Makes the folders above `key`, durably. */
  async makeParents(key: StorageKey): Promise<void> {
    await this.#makeRoot();
    let path = this.root;
    for (const segment of key.split('/').slice(0, -1)) {
      path = join(path, segment);
      const made = await this.#makeFolder(path);
      if (made || !this.#durable.has(path)) await this.syncFolder(dirname(path));
      this.#durable.add(path);
    }
  }

  /** A folder of our own below the root; it need not survive a crash. */
  async makePrivate(name: string): Promise<string> {
    const path = join(this.root, privateName, name);
    await this.#makeFolder(dirname(path));
    await this.#makeFolder(path);
    return path;
  }

  async syncFolder(path: string): Promise<void> {
    if (process.platform === 'win32') return; // cannot open a folder there; NTFS journals its entries
    const folder = await this.#fs.open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #makeRoot(): Promise<void> {
    if (this.#durable.has(this.root) || !this.#create) return this.#checkRoot();
    const missing: string[] = [];
    for (let path = this.root; (await this.#lstat(path)) === null; path = dirname(path))
      missing.unshift(path);
    for (const path of missing) {
      await this.#makeFolder(path);
      await this.syncFolder(dirname(path));
    }
    this.#durable.add(this.root);
  }

  /** With the dot at its end a link to a missing disk counts as missing. */
  async #checkRoot(): Promise<void> {
    if (this.#create || (await this.#lstat(`${this.root}/.`)) !== null) return;
    throw new StorageError('STORAGE_UNAVAILABLE', `${this.root}: no such folder`, {
      hint: 'is its disk mounted? A missing folder is never taken for an empty repository',
    });
  }

  /** Resolves with whether it was missing. */
  async #makeFolder(path: string): Promise<boolean> {
    let stats = await this.#lstat(path);
    const missing = stats === null;
    if (missing) {
      await this.#fs.mkdir(path).catch((error: unknown) => {
        if (!isSystemError(error, 'EEXIST')) throw error;
      });
      stats = await this.#lstat(path);
    }
    if (stats?.isSymbolicLink()) throw symlink(path);
    if (stats?.isDirectory() === false)
      throw new StorageError('STORAGE_CONFLICT', `${path} is a file, and a folder is needed there`);
    return missing;
  }

  async #lstat(path: string): Promise<BigIntStats | null> {
    try {
      return await this.#fs.lstat(path, { bigint: true });
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  }
}

function symlink(path: string): StorageError {
  return new StorageError('STORAGE_SYMLINK', `${path} is a symbolic link`, {
    hint: 'nothing is read or written through links below the root of a store; replace it by a real file or folder',
  });
}
