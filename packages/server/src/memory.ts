import { read, type ObjectInfo, type Storage, type StorageKey } from '@ragnos/storage';

export interface Kept {
  readonly info: ObjectInfo;
  /** `null`: too large to be kept; to be streamed. */
  readonly bytes: Uint8Array | null;
}

interface Asking {
  running: Promise<Kept | null>;
  next: Promise<Kept | null> | null;
}

/**
 * Metadata in memory. Each request still asks the store whether it is the newest (`head`), so that what another process
 * published before a request came is what the request gets. Requests that arrive together share one question, but never
 * one that was asked before they came.
 */
export class MetadataMemory {
  readonly #storage: Storage;
  readonly #fileMaxLength: number;
  readonly #maxLength: number;
  readonly #kept = new Map<string, Kept & { readonly bytes: Uint8Array }>(); // the least recently used first
  readonly #asking = new Map<string, Asking>();
  #length = 0;

  constructor(storage: Storage, limits: { readonly fileMaxLength: number; readonly maxLength: number }) {
    this.#storage = storage;
    this.#fileMaxLength = limits.fileMaxLength;
    this.#maxLength = limits.maxLength;
  }

  /** `null`: there is no such object now. */
  async find(key: StorageKey): Promise<Kept | null> {
    const asking = this.#asking.get(key);
    if (asking === undefined) return this.#ask(key);
    const after = async (): Promise<Kept | null> => this.#ask(key);
    asking.next ??= asking.running.then(after, after);
    return asking.next;
  }

  async #ask(key: StorageKey): Promise<Kept | null> {
    const asking: Asking = { running: this.#look(key), next: null };
    this.#asking.set(key, asking);
    try {
      return await asking.running;
    } finally {
      if (this.#asking.get(key) === asking && asking.next === null) this.#asking.delete(key);
    }
  }

  async #look(key: StorageKey): Promise<Kept | null> {
    const info = await this.#storage.head(key);
    const kept = this.#kept.get(key);
    if (kept !== undefined && info?.etag === kept.info.etag) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    this.#drop(key);
    if (info === null) return null;
    if (info.size > this.#fileMaxLength) return { info, bytes: null };
    const found = await read(this.#storage, key, { maxLength: this.#fileMaxLength });
    if (found !== null) this.#keep(key, found);
    return found;
  }

  #keep(key: string, found: Kept & { readonly bytes: Uint8Array }): void {
    this.#kept.set(key, found);
    this.#length += found.bytes.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#length <= this.#maxLength) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#length -= this.#kept.get(key)?.bytes.length ?? 0;
    this.#kept.delete(key);
  }
}
