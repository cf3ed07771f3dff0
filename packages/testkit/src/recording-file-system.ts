import type { FileInfo, FileSystem, WritableFile } from '@ragnos/disk';
import { basename, dirname, resolve } from 'node:path';

/** The power went. Thrown by every call from then on, until `crash()`. */
export class PowerCutError extends Error {
  override readonly name = 'PowerCutError';
}

/**
 * What a crash leaves of what was not synced. `nothing`: neither names nor bytes. `names`: renames reached the disk
 * before the bytes did, so a file whose data was never synced is there and empty. Disks do both.
 */
export type Survives = 'nothing' | 'names';

class Inode {
  live: Uint8Array = new Uint8Array();
  synced: Uint8Array = new Uint8Array();
  readonly mode: number;

  constructor(mode: number) {
    this.mode = mode;
  }
}

type Entries = Map<string, Inode | 'link'>;

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/**
 * A disk in memory that forgets what was not synced: kill -9 cannot show a missing fsync, since the kernel still has
 * the bytes. `cutAfter(n)` lets n more changes through, then the power is gone; `crash()` restarts the machine.
 */
export class RecordingFileSystem implements FileSystem {
  readonly #live = new Map<string, Entries>();
  readonly #durable = new Map<string, Entries>();
  /** Every change asked for, in order: `create /a/b`, `sync /a/b`, `rename /a/b /a/c`, … */
  readonly operations: string[] = [];
  #left = Number.POSITIVE_INFINITY;

  cutAfter(changes: number): void {
    this.#left = changes;
  }

  /** The machine after the power is back. */
  crash(survives: Survives = 'nothing'): void {
    this.#left = Number.POSITIVE_INFINITY;
    const from = survives === 'nothing' ? this.#durable : this.#live;
    const rebuilt = [...from].map(([folder, entries]): [string, Entries] => [folder, new Map(entries)]);
    this.#live.clear();
    this.#durable.clear();
    for (const [folder, entries] of rebuilt) {
      this.#live.set(folder, entries);
      this.#durable.set(folder, new Map(entries));
      for (const inode of entries.values()) if (inode !== 'link') inode.live = inode.synced;
    }
  }

  /** Puts something there that we did not write: durable, as damage on a disk is. */
  plant(path: string, what: Uint8Array | 'link'): void {
    const inode = what === 'link' ? what : Object.assign(new Inode(0o644), { live: what, synced: what });
    for (const tree of [this.#live, this.#durable])
      this.#folder(tree, dirname(resolve(path))).set(basename(path), inode);
  }

  /** Every file as it is now. */
  files(): ReadonlyMap<string, Uint8Array> {
    const all = new Map<string, Uint8Array>();
    for (const [folder, entries] of this.#live)
      for (const [name, inode] of entries) if (inode !== 'link') all.set(`${folder}/${name}`, inode.live);
    return all;
  }

  #change(operation: string): void {
    if (this.#left <= 0) throw new PowerCutError(operation);
    this.#left--;
    this.operations.push(operation);
  }

  #folder(tree: Map<string, Entries>, folder: string): Entries {
    const entries = tree.get(folder);
    if (entries === undefined) throw errno('ENOENT', folder);
    return entries;
  }

  #entries(path: string): Entries {
    return this.#folder(this.#live, dirname(resolve(path)));
  }

  #find(path: string): Inode | 'link' | undefined {
    return this.#live.get(dirname(resolve(path)))?.get(basename(path));
  }

  #writable(path: string, inode: Inode): WritableFile {
    return {
      write: async (bytes) => {
        this.#change(`write ${path}`);
        const joined = new Uint8Array(inode.live.length + bytes.length);
        joined.set(inode.live);
        joined.set(bytes, inode.live.length);
        inode.live = joined;
      },
      sync: async () => {
        this.#change(`sync ${path}`);
        inode.synced = inode.live;
      },
      close: async () => undefined,
    };
  }

  async create(path: string, mode: number): Promise<WritableFile> {
    this.#change(`create ${path}`);
    if (this.#find(path) !== undefined) throw errno('EEXIST', path);
    const inode = new Inode(mode);
    this.#entries(path).set(basename(path), inode);
    return this.#writable(path, inode);
  }

  async append(path: string, mode: number): Promise<WritableFile> {
    this.#change(`append ${path}`);
    const there = this.#find(path);
    if (there === 'link') throw errno('ELOOP', path);
    const inode = there ?? new Inode(mode);
    this.#entries(path).set(basename(path), inode);
    return this.#writable(path, inode);
  }

  async read(path: string, maxLength: number): Promise<Uint8Array | null> {
    if (this.#left <= 0) throw new PowerCutError(`read ${path}`);
    const inode = this.#find(path);
    if (inode === undefined) return null;
    if (inode === 'link') throw errno('ELOOP', path);
    if (inode.live.length > maxLength) throw errno('EFBIG', path);
    return inode.live.slice();
  }

  async info(path: string): Promise<FileInfo | null> {
    const modified = new Date(0);
    if (this.#live.has(resolve(path))) return { kind: 'folder', size: 0, mode: 0o755, modified };
    const inode = this.#find(path);
    if (inode === undefined) return null;
    if (inode === 'link') return { kind: 'link', size: 0, mode: 0o777, modified };
    return { kind: 'file', size: inode.live.length, mode: inode.mode, modified };
  }

  async list(folder: string): Promise<readonly string[]> {
    const path = resolve(folder);
    const prefix = path === '/' ? '/' : `${path}/`;
    const folders = [...this.#live.keys()].filter((other) => other !== path && dirname(other) === path);
    return [...folders.map((other) => other.slice(prefix.length)), ...(this.#live.get(path)?.keys() ?? [])];
  }

  async makeFolder(path: string): Promise<void> {
    this.#change(`makeFolder ${path}`);
    for (let folder = resolve(path); ; folder = dirname(folder)) {
      for (const tree of [this.#live, this.#durable]) if (!tree.has(folder)) tree.set(folder, new Map());
      if (folder === dirname(folder)) return;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#change(`rename ${from} ${to}`);
    const inode = this.#find(from);
    if (inode === undefined) throw errno('ENOENT', from);
    this.#entries(to).set(basename(to), inode);
    this.#entries(from).delete(basename(from));
  }

  async link(from: string, to: string): Promise<void> {
    this.#change(`link ${from} ${to}`);
    const inode = this.#find(from);
    if (inode === undefined) throw errno('ENOENT', from);
    if (this.#find(to) !== undefined) throw errno('EEXIST', to);
    this.#entries(to).set(basename(to), inode);
  }

  async remove(path: string): Promise<void> {
    this.#change(`remove ${path}`);
    this.#live.get(dirname(resolve(path)))?.delete(basename(path));
  }

  async syncFolder(path: string): Promise<void> {
    this.#change(`syncFolder ${path}`);
    this.#durable.set(resolve(path), new Map(this.#folder(this.#live, resolve(path))));
  }
}
