import { hash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Slices } from '../slices.ts';
import type { ConfineOptions } from './api.ts';
import { ConfineFailureError, ConfineRefusedError } from './errors.ts';
import { defaultConfineLimits, limitsOf } from './limits.ts';
import { makeOwnFolder, type OwnFolder } from './own-folder.ts';

const prefix = 'ragv-copy-';
const memory = '/dev/shm';

/**
 * Whether a plugin runs from a copy of its verified files, which is its own. `first`: made before it is started, since the
 * operating system opens files by itself. `meanwhile`: made while Node starts, so that what the plugin reads as data is what
 * was verified too. `null`: it runs from the installed tree, in which code is compared when it is loaded, and data is not.
 */
export function copyOf(options: ConfineOptions): 'first' | 'meanwhile' | null {
  const { mode, runtime, grant, privateCopy: wanted } = options;
  if (wanted !== undefined) return wanted ? 'first' : null;
  if (mode === 'sandbox' && (runtime !== 'node' || grant.native)) return 'first';
  if (mode !== 'sandbox' || process.platform !== 'linux') return null; // in `compute` nothing reads files
  const { copyBytes } = limitsOf(options);
  return isWithin(options, copyBytes) ? 'meanwhile' : null;
}

function isWithin({ folder, files }: ConfineOptions, most: number): boolean {
  let sum = 0;
  for (const name of files.keys()) {
    sum += statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    if (sum > most) return false;
  }
  return true;
}

/** Nothing more can be written where the copy is made. */
export class NoRoomError extends ConfineFailureError {
  constructor(folder: string, cause: unknown) {
    super('START_FAILED', `there is no room for the copy of its files in ${path.dirname(folder)}`, {
      cause,
      hint: `free some, or let TMPDIR name another folder than ${tmpdir()}`,
    });
  }
}

function memoryFolder(): string | null {
  try {
    accessSync(memory, constants.W_OK | constants.X_OK);
    const { type, bavail, bsize } = statfsSync(memory);
    return type === 0x0102_1994 && bavail * bsize > 2 * defaultConfineLimits.copyBytes ? memory : null;
  } catch {
    return null;
  }
}

/** The verified files of a plugin and no others: what is opened there is what was hashed. */
export class PrivateCopy implements OwnFolder {
  readonly path: string;
  readonly #own: OwnFolder;
  readonly #folders = new Set<string>();
  readonly #files = new Set<string>();

  private constructor(own: OwnFolder) {
    this.path = own.path;
    this.#own = own;
  }

  /** Empty. Programs may be run from the one that is on a disk; in `memory` it is ten times faster. */
  static async make(where: 'memory' | 'disk'): Promise<PrivateCopy> {
    return new PrivateCopy(
      await makeOwnFolder(prefix, where === 'disk' ? tmpdir() : (memoryFolder() ?? tmpdir())),
    );
  }

  /** Adds a file of which these are the bytes that were verified. @throws NoRoomError */
  add(name: string, bytes: Uint8Array, executable: boolean): void {
    const to = path.join(this.path, name);
    const parent = path.dirname(to);
    try {
      if (!this.#folders.has(parent)) mkdirSync(parent, { recursive: true });
      write(to, bytes, executable ? 0o555 : 0o444);
    } catch (error) {
      throw isFull(error) ? new NoRoomError(this.path, error) : error;
    }
    this.#folders.add(parent);
    this.#files.add(name);
  }

  /**
   * Adds the files that were not.
   * @throws ConfineRefusedError `GRANT_IMPOSSIBLE` a file is not the verified one; NoRoomError
   */
  async fill({ folder, files, signal }: Pick<ConfineOptions, 'folder' | 'files' | 'signal'>): Promise<void> {
    const slices = new Slices(signal);
    for (const [name, digest] of files) {
      if (this.#files.has(name)) continue;
      const { bytes, executable } = read(path.join(folder, name));
      if (hash('sha256', bytes, 'hex') !== digest)
        throw new ConfineRefusedError('GRANT_IMPOSSIBLE', `${name} is not what was verified`);
      this.add(name, bytes, executable);
      if (slices.over) await slices.rest();
    }
  }

  remove(): void {
    this.#own.remove();
  }
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function read(file: string): { readonly bytes: Uint8Array; readonly executable: boolean } {
  const handle = openSync(file, 'r');
  try {
    return { bytes: readFileSync(handle), executable: (fstatSync(handle).mode & 0o100) !== 0 };
  } finally {
    closeSync(handle);
  }
}

function write(file: string, bytes: Uint8Array, mode: number): void {
  const handle = openSync(file, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(handle, bytes, written);
  } finally {
    closeSync(handle);
  }
}
