/** What stands at a path, links not followed. */
export interface FileInfo {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  readonly mode: number;
  readonly modified: Date;
}

/** A new file that is being written from its start. Nothing is durable before `sync` has returned. */
export interface WritableFile {
  /** Appends all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The few calls that durable code needs, so that a test can put a disk under it that forgets what was not synced.
 * Paths are absolute or relative to the working folder. Every method rejects with the errors of Node (`ENOENT`, …).
 */
export interface FileSystem {
  /** Creates `path`, which must not exist (`EEXIST`). Never follows a link. */
  create(path: string, mode: number): Promise<WritableFile>;
  /** Opens `path` to append, creating it if it is absent. Never follows a link (`ELOOP`). */
  append(path: string, mode: number): Promise<WritableFile>;
  /** The whole file, or `null` if nothing is there. `EFBIG` beyond `maxLength`, `ELOOP` for a link, `EISDIR`, `EINVAL` for a pipe or device. */
  read(path: string, maxLength: number): Promise<Uint8Array | null>;
  /** `null` if nothing is there. */
  info(path: string): Promise<FileInfo | null>;
  /** Names in a folder, in no order; empty if the folder is absent. */
  list(folder: string): Promise<readonly string[]>;
  /** Creates the folder and its parents, durably; one that exists is left as it is. */
  makeFolder(path: string, mode: number): Promise<void>;
  /** Replaces what is at `to`. Durable only after `syncFolder`. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for the same file; `EEXIST` if `to` is taken. Durable only after `syncFolder`. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file; one that is absent is no error. */
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}
