import type { FileSystem, Lock } from '@ragnos/disk';
import { DiskError, lockFile, writeFileAtomic } from '@ragnos/disk';
import type { Limits, RoleName } from '@ragnos/tuf';
import { metadataFileName } from '@ragnos/tuf';
import { join } from 'node:path';

/** A file and its second copy, as far as they are there, not empty and readable; the same bytes once. */
export type Copies = readonly Uint8Array[];

/** Damage, not refusal: what stands there cannot be a file that we wrote. */
const damage: ReadonlySet<unknown> = new Set(['EFBIG', 'ELOOP', 'EISDIR', 'EINVAL']);

function equal(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && Buffer.compare(a, b) === 0;
}

/**
 * Trusted metadata on disk, byte for byte as it was received. Nothing read here is trusted before it is verified
 * again, so damage can only make the client know less. What must not be forgotten, since it guards against rollback,
 * is kept twice (`backup/`): root, timestamp and snapshot. Targets roles need no second copy, the snapshot pins them.
 * And the name of a root is a memory too: once `7.root.json` is there, however damaged, an older root is a rollback.
 *
 *     root_history/1.root.json …   timestamp.json   snapshot.json   targets.json   roles/<role>.json
 *     backup/ (the same names)     started-from.json   state.json   lock
 */
export class TrustedStore {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #limits: Limits;

  constructor(dir: string, fs: FileSystem, limits: Limits) {
    this.#dir = dir;
    this.#fs = fs;
    this.#limits = limits;
  }

  async prepare(): Promise<void> {
    for (const folder of ['root_history', 'roles', join('backup', 'root_history')])
      await this.#fs.makeFolder(join(this.#dir, folder), 0o700);
  }

  /** Reading, verifying and writing is one transaction: whoever refreshes this folder holds this. */
  lock(options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number }): Promise<Lock> {
    return lockFile(join(this.#dir, 'lock'), options);
  }

  /** Of all roots that were ever trusted here, ascending, damaged ones too. */
  async rootVersions(): Promise<readonly number[]> {
    const found = new Set<number>();
    for (const folder of ['root_history', join('backup', 'root_history')])
      for (const name of await this.#fs.list(join(this.#dir, folder))) {
        const version = /^([1-9]\d{0,9})\.root\.json$/.exec(name)?.[1];
        if (version !== undefined) found.add(Number(version));
      }
    return [...found].toSorted((a, b) => a - b);
  }

  root(version: number): Promise<Copies> {
    return this.#copies(rootFile(version), this.#limits.rootMaxLength);
  }

  writeRoot(version: number, bytes: Uint8Array): Promise<void> {
    return this.#writeCopies(rootFile(version), bytes, this.#limits.rootMaxLength);
  }

  timestamp(): Promise<Copies> {
    return this.#copies('timestamp.json', this.#limits.timestampMaxLength);
  }

  writeTimestamp(bytes: Uint8Array): Promise<void> {
    return this.#writeCopies('timestamp.json', bytes, this.#limits.timestampMaxLength);
  }

  snapshot(): Promise<Copies> {
    return this.#copies('snapshot.json', this.#limits.snapshotMaxLength);
  }

  writeSnapshot(bytes: Uint8Array): Promise<void> {
    return this.#writeCopies('snapshot.json', bytes, this.#limits.snapshotMaxLength);
  }

  targets(role: RoleName): Promise<Uint8Array | null> {
    return this.#read(targetsFile(role), this.#limits.targetsMaxLength);
  }

  writeTargets(role: RoleName, bytes: Uint8Array): Promise<void> {
    return this.#write(targetsFile(role), bytes);
  }

  /** What the folder began with; see notes.ts. */
  startedFrom(): Promise<Copies> {
    return this.#copies('started-from.json', noteMaxLength);
  }

  writeStartedFrom(bytes: Uint8Array): Promise<void> {
    return this.#writeCopies('started-from.json', bytes, noteMaxLength);
  }

  /** See notes.ts: the copy that remembers the later time counts. */
  state(): Promise<Copies> {
    return this.#copies('state.json', noteMaxLength);
  }

  writeState(bytes: Uint8Array): Promise<void> {
    return this.#writeCopies('state.json', bytes, noteMaxLength);
  }

  async #copies(file: string, maxLength: number): Promise<Copies> {
    const main = await this.#read(file, maxLength);
    const backup = await this.#read(join('backup', file), maxLength);
    if (main === null) return backup === null ? [] : [backup];
    return backup === null || equal(backup, main) ? [main] : [main, backup];
  }

  /** Writes only what differs, so that this also heals a copy; one after the other, so that one is always whole. */
  async #writeCopies(file: string, bytes: Uint8Array, maxLength: number): Promise<void> {
    for (const copy of [file, join('backup', file)])
      if (!equal(await this.#read(copy, maxLength), bytes)) await this.#write(copy, bytes);
  }

  /** `null` for absent, empty and damaged. One that may not be read is an error: forgetting it would be a rollback. */
  async #read(file: string, maxLength: number): Promise<Uint8Array | null> {
    const path = join(this.#dir, file);
    try {
      const bytes = await this.#fs.read(path, maxLength);
      return bytes === null || bytes.length === 0 ? null : bytes;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (damage.has(code)) return null;
      throw new DiskError('DISK_READ', `cannot read ${path}: ${String(code ?? error)}`, {
        cause: error,
        hint: 'trusted metadata must be readable by whoever refreshes it',
      });
    }
  }

  #write(file: string, bytes: Uint8Array): Promise<void> {
    return writeFileAtomic(join(this.#dir, file), bytes, { mode: 0o600, fs: this.#fs });
  }
}

const noteMaxLength = 4_096;

function rootFile(version: number): string {
  return join('root_history', `${version}.root.json`);
}

/** Delegated roles have a folder of their own: one may be called `state` or `lock`. */
function targetsFile(role: RoleName): string {
  return role === 'targets' ? 'targets.json' : join('roles', metadataFileName(role));
}
