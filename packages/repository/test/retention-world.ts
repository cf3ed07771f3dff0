import { createHash } from 'node:crypto';
import { memoryStorage, type ListedObject, type ObjectInfo, type Storage } from '@ragnos/storage';
import { collect, type Collected, type CollectOptions, type Repository } from '@ragnos/repository';
import { hashedTargetPath, hexDigest, targetPath } from '@ragnos/tuf';
import { tempFolder, TestClient, text, world, type World } from './world.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** A memory store whose files carry the time of a clock that tests turn. */
export function timedStorage(now: () => Date): Storage {
  const inner = memoryStorage();
  const times = new Map<string, Date>();
  const timed = <T extends Pick<ObjectInfo, 'key' | 'modified'>>(info: T): T => ({
    ...info,
    modified: times.get(info.key) ?? info.modified,
  });
  return {
    ...inner,
    get: async (key, options) => {
      const found = await inner.get(key, options);
      return found === null ? null : { ...found, info: timed(found.info) };
    },
    head: async (key, options) => {
      const found = await inner.head(key, options);
      return found === null ? null : timed(found);
    },
    async *list(prefix, options) {
      for await (const object of inner.list(prefix, options)) yield timed<ListedObject>(object);
    },
    putIfAbsent: async (key, ...rest) => {
      const put = await inner.putIfAbsent(key, ...rest);
      if (put.created) times.set(key, now());
      return put;
    },
    compareAndSwap: async (key, ...rest) => {
      const swap = await inner.compareAndSwap(key, ...rest);
      if (swap.swapped) times.set(key, now());
      return swap;
    },
  };
}

export interface Retained {
  readonly made: World;
  readonly staging: string;
  readonly repository: Repository;
  /** Lets time go by. */
  later(milliseconds: number): void;
  publish(...files: readonly (readonly [path: string, content: string])[]): Promise<void>;
  remove(...paths: readonly string[]): Promise<void>;
  /** With a grace and sessions of a day, and applied, unless it is said otherwise. */
  gc(options?: Partial<CollectOptions>): Promise<Collected>;
  keys(): Promise<readonly string[]>;
}

/** A repository on a timed store, with an hour in which everything was quiet. */
export async function retained(): Promise<Retained> {
  let made: World | null = null;
  let now = new Date('2030-01-01T00:00:00.500Z');
  const storage = timedStorage(() => now);
  const staging = await tempFolder();
  const done = await world({ storage });
  made = done;
  const repository = await done.open({ staging, mutable: (path) => path.endsWith('index.json') });
  return {
    made: done,
    staging,
    repository,
    later(milliseconds) {
      now = new Date(now.getTime() + milliseconds);
      if (made !== null) made.now = now;
    },
    async publish(...files) {
      await repository.publish(async (draft) => {
        for (const [path, content] of files) await draft.add(path, text(content));
      });
    },
    async remove(...paths) {
      await repository.publish(async (draft) => {
        for (const path of paths) await draft.remove(path);
      });
    },
    gc: (options = {}) => collect({ storage, staging, now: () => now, apply: true, ...options }),
    async keys() {
      const keys: string[] = [];
      for await (const { key } of storage.list('')) keys.push(key);
      return keys;
    },
  };
}

export function keyOf(path: string, content: string): string {
  const digest = hexDigest(createHash('sha256').update(content).digest('hex'));
  return `targets/${hashedTargetPath(targetPath(path), digest)}`;
}

/** A client in steps, between which time goes by and others work. It keeps what it has read, as clients do. */
export class SlowClient {
  readonly #world: World;
  readonly #path: string;
  readonly began: Date;
  #client: TestClient | null = null;
  #step = 0;

  constructor(made: World, path: string) {
    this.#world = made;
    this.#path = path;
    this.began = made.now;
  }

  get done(): boolean {
    return this.#step >= 2;
  }

  /** First everything up to the snapshot and the top-level targets, then the roles below and the file. */
  async step(): Promise<void> {
    if (this.#step === 0)
      this.#client = await TestClient.refresh(this.#world.storage, this.#world.root, this.#world.now);
    else await this.#client?.read(this.#path); // throws for every file that is listed, and not there
    this.#step++;
  }
}
