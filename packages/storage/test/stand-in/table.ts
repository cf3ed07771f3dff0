import { createHash } from 'node:crypto';

export interface StoredItem {
  readonly bytes: Buffer;
  readonly headers: ReadonlyMap<string, string>;
  readonly modified: Date;
  /** Grows with every write. */
  readonly generation: number;
  readonly md5: string;
}

/** The objects of one bucket. Every write is atomic, as in a process of one thread. */
export class Table {
  readonly #items = new Map<string, StoredItem>();
  #generation = 1_700_000_000_000_000;

  get(name: string): StoredItem | undefined {
    return this.#items.get(name);
  }

  put(name: string, bytes: Buffer, headers: ReadonlyMap<string, string>): StoredItem {
    const md5 = createHash('md5').update(bytes).digest('hex');
    const item = { bytes, headers, modified: new Date(), generation: ++this.#generation, md5 };
    this.#items.set(name, item);
    return item;
  }

  delete(name: string): boolean {
    return this.#items.delete(name);
  }

  /** A page in the order of bytes, after `after`. */
  page(prefix: string, after: string | null, max: number): readonly (readonly [string, StoredItem])[] {
    const before = Buffer.from(after ?? '');
    return [...this.#items]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, item]) => ({ name, item, bytes: Buffer.from(name) }))
      .filter(({ bytes }) => after === null || Buffer.compare(bytes, before) > 0)
      .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
      .slice(0, max)
      .map(({ name, item }) => [name, item] as const);
  }
}

export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** `null`: cannot be had (416); `undefined`: no range was asked for. */
export function sliceOf(range: string | undefined, size: number): Slice | null | undefined {
  if (range === undefined) return undefined;
  const [, start = '', end = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (start === '' || Number(start) >= size || (end !== '' && Number(end) < Number(start))) return null;
  return { start: Number(start), end: Math.min(end === '' ? size : Number(end) + 1, size) };
}
