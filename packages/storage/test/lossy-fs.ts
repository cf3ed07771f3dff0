import * as nodeFs from 'node:fs/promises';
import { constants, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { FileSystem } from '@ragnos/storage';

interface File {
  content: Buffer;
  synced: Buffer;
}
interface Folder {
  readonly names: Map<string, File | Folder>;
  synced: ReadonlyMap<string, File | Folder>;
}

/**
 * The real disk below `root`, and beside it what of it would survive a power failure: a file's content since its last
 * sync, and a name since the last sync of its folder. `recover` writes that out to another folder:
 * `strict` forgets every name that was not synced, `eager` keeps all names but only synced contents (as ext4 may).
 */
export function lossyFs(root: string): {
  readonly fs: FileSystem;
  recover(to: string, names: 'strict' | 'eager'): void;
} {
  const top: Folder = { names: new Map(), synced: new Map() };
  const find = (path: string): File | Folder | undefined => {
    let at: File | Folder | undefined = top;
    for (const segment of relative(root, path)
      .split('/')
      .filter((part) => part !== ''))
      at = at !== undefined && 'names' in at ? at.names.get(segment) : undefined;
    return at;
  };
  const folderOf = (path: string): Folder => {
    const folder = find(dirname(path));
    if (folder === undefined || !('names' in folder)) throw new Error(`unknown folder of ${path}`);
    return folder;
  };
  const nodeAt = (path: string): File | Folder => {
    const node = find(path);
    if (node === undefined) throw new Error(`unknown ${path}`);
    return node;
  };

  const fs: FileSystem = {
    ...nodeFs,
    async open(path, flags, mode) {
      const file = await nodeFs.open(path, flags, mode);
      const isNew = (flags & constants.O_CREAT) !== 0;
      if (isNew) folderOf(path).names.set(basename(path), { content: Buffer.of(), synced: Buffer.of() });
      const node = find(path) ?? top;
      return {
        read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
        stat: (options) => file.stat(options),
        utimes: (accessed, modified) => file.utimes(accessed, modified),
        close: () => file.close(),
        async write(buffer, offset, length, position) {
          const result = await file.write(buffer, offset, length, position);
          if ('content' in node) {
            const next = Buffer.alloc(Math.max(node.content.length, position + length));
            next.set(node.content);
            next.set(buffer.subarray(offset, offset + length), position);
            node.content = next;
          }
          return result;
        },
        async sync() {
          await file.sync();
          if ('content' in node) node.synced = node.content;
          else node.synced = new Map(node.names);
        },
      };
    },
    async mkdir(path) {
      await nodeFs.mkdir(path);
      folderOf(path).names.set(basename(path), { names: new Map(), synced: new Map() });
    },
    async link(existing, path) {
      await nodeFs.link(existing, path);
      folderOf(path).names.set(basename(path), nodeAt(existing));
    },
    async rename(from, to) {
      const node = nodeAt(from);
      await nodeFs.rename(from, to);
      folderOf(to).names.set(basename(to), node);
      folderOf(from).names.delete(basename(from));
    },
    async unlink(path) {
      await nodeFs.unlink(path);
      folderOf(path).names.delete(basename(path));
    },
  };

  const write = (folder: Folder, to: string, names: 'strict' | 'eager'): void => {
    mkdirSync(to, { recursive: true });
    for (const [name, node] of names === 'strict' ? folder.synced : folder.names)
      if ('names' in node) write(node, join(to, name), names);
      else writeFileSync(join(to, name), node.synced);
  };
  return { fs, recover: (to, names) => write(top, to, names) };
}
