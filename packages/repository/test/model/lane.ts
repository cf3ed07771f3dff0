import { StorageError, type CallOptions, type ListedObject, type Storage } from '@ragnos/storage';
import type { Schedule } from './schedule.ts';

/** What goes wrong for one object of the repository, at its n-th write (or read). */
export interface Fault {
  readonly kind: (typeof faultKinds)[number];
  /** From 1. */
  readonly at: number;
}

export const faultKinds = [
  /** kill -9 before the write, or right after it: no call of this object reaches the store any more. */
  'kill-before',
  'kill-after',
  /** The write happened, and its answer never came. */
  'lost-answer',
  /** The write never happened; the answer is the same. */
  'lost-request',
  /** The answer is the same, and the write happens later. A delete is lost instead: no store has one that comes late. */
  'late',
  /** A read fails once. */
  'unreadable',
  /** Lists show the store as it was when the step began. */
  'stale-lists',
] as const;

export class Killed extends Error {}

/** The store as one process sees it: it waits for its turn before every call, and meets its fault. */
export class Lane {
  readonly #base: Storage;
  readonly #schedule: Schedule;
  readonly #wrote: () => Promise<void>;
  #fault: Fault | null = null;
  #stale: readonly ListedObject[] | null = null;
  #writes = 0;
  #reads = 0;
  #late: Promise<unknown>[] = [];
  dead = false;

  /** `wrote`: after every write that reached the store, before whoever asked for it goes on. */
  constructor(base: Storage, schedule: Schedule, wrote: () => Promise<void>) {
    this.#base = base;
    this.#schedule = schedule;
    this.#wrote = wrote;
  }

  /** From here on this goes wrong, once. */
  async meet(fault: Fault | null): Promise<void> {
    this.#fault = fault;
    this.#writes = 0;
    this.#reads = 0;
    this.#stale = fault?.kind === 'stale-lists' ? await listed(this.#base) : null;
  }

  /** Writes that were answered with an error, and are still under way. */
  takeLate(): readonly Promise<unknown>[] {
    const late = this.#late;
    this.#late = [];
    return late;
  }

  get storage(): Storage {
    const base = this.#base;
    return {
      description: base.description,
      get: async (key, options) => (await this.#read(), base.get(key, options)),
      head: async (key, options) => (await this.#read(), base.head(key, options)),
      list: (prefix, options) => this.#list(prefix, options),
      putIfAbsent: (...call) => this.#write(() => base.putIfAbsent(...call)),
      compareAndSwap: (...call) => this.#write(() => base.compareAndSwap(...call)),
      delete: (key, options) => this.#write(() => base.delete(key, options), true),
    };
  }

  async #turn(): Promise<void> {
    if (this.dead) throw new Killed('dead');
    await this.#schedule.turn();
    if (this.dead) throw new Killed('dead');
  }

  #die(): Killed {
    this.dead = true;
    return new Killed('killed');
  }

  async #read(): Promise<void> {
    await this.#turn();
    if (++this.#reads === this.#fault?.at && this.#fault.kind === 'unreadable') throw cut();
  }

  async *#list(prefix: string, options: CallOptions | undefined): AsyncGenerator<ListedObject> {
    await this.#read();
    if (this.#stale === null) yield* this.#base.list(prefix, options);
    else for (const object of this.#stale) if (object.key.startsWith(prefix)) yield object;
  }

  async #write<T>(run: () => Promise<T>, remove = false): Promise<T> {
    await this.#turn();
    const kind = ++this.#writes === this.#fault?.at ? this.#fault.kind : null;
    if (kind === 'kill-before') throw this.#die();
    if (kind === 'lost-request' || (kind === 'late' && remove)) throw cut();
    if (kind === 'late') {
      this.#late.push(this.#schedule.turn().then(run).then(this.#wrote));
      throw cut();
    }
    const result = await run();
    await this.#wrote();
    if (kind === 'kill-after') throw this.#die();
    if (kind === 'lost-answer') throw cut();
    return result;
  }
}

function cut(): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', 'the connection was cut');
}

async function listed(storage: Storage): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const object of storage.list('')) objects.push(object);
  return objects;
}
