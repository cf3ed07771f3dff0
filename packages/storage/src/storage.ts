import type { StorageKey } from './key.ts';

/** What a store says about an object without reading it. */
export interface ObjectInfo {
  readonly key: StorageKey;
  /** Bytes of the whole object, also when only a range of it was asked for. */
  readonly size: number;
  /** Opaque; another content always has another one. Only ever compared, and only with this store's own. */
  readonly etag: string;
  readonly modified: Date;
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
}

/** What a listing can say without touching each object. */
export type ListedObject = Pick<ObjectInfo, 'key' | 'size' | 'modified'>;

/** How an object is to be served. A folder keeps none of it and derives it from the key instead. */
export type ObjectMeta = Pick<ObjectInfo, 'contentType' | 'cacheControl'>;

/** Bytes to be stored: at hand, or streamed with their length announced. `open` may be called again for a second try. */
export type Body = Uint8Array | StreamedBody;
export interface StreamedBody {
  readonly length: number;
  /** Lower-case hex; when given, a body with another digest is refused with STORAGE_MISMATCH. */
  readonly sha256?: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** `start` is included, `end` is not, as in `slice`; an `end` past the object means up to its end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange;
  /** Refuses to deliver more than this many bytes (of the range, where one is given). */
  readonly maxLength?: number;
}

export interface StoredObject {
  readonly info: ObjectInfo;
  /** To be iterated at most once; holds nothing open until then. */
  readonly body: AsyncIterable<Uint8Array>;
}

export type PutResult = { readonly created: true; readonly etag: string } | { readonly created: false };
export type SwapResult = { readonly swapped: true; readonly etag: string } | { readonly swapped: false };

/**
 * Where published files live. An object store is the only coordinator between publishers (DESIGN, decision 4), so every
 * driver gives these guarantees, and `@ragnos/storage/contract` holds it to them:
 *
 * - `null`, `created: false` and `swapped: false` mean that the store was asked and said so. A failure is always an error.
 * - An object appears whole or not at all, and is durable when the call resolves.
 * - `STORAGE_UNAVAILABLE` from a write means that its outcome is unknown; every other error means that nothing was written.
 * - Reads see the latest acknowledged write.
 */
export interface Storage {
  /** For messages, like `file:///srv/vault/public` or `s3://bucket/prefix`; never contains a credential. */
  readonly description: string;

  /** `null`: there is no such object. */
  get(key: StorageKey, options?: GetOptions): Promise<StoredObject | null>;

  /** `null`: there is no such object. May cost a read of the object. */
  head(key: StorageKey, options?: CallOptions): Promise<ObjectInfo | null>;

  /** Of many at once exactly one is told `created: true`; the content of the others is dropped. */
  putIfAbsent(key: StorageKey, body: Body, meta?: ObjectMeta, options?: CallOptions): Promise<PutResult>;

  /** Replaces the object only while its etag is `expected`; `null` expects that there is none. */
  compareAndSwap(
    key: StorageKey,
    bytes: Uint8Array,
    meta: ObjectMeta,
    expected: string | null,
    options?: CallOptions,
  ): Promise<SwapResult>;

  /** Every object whose key starts with `prefix` (`''` for all), ascending by the bytes of its key. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ListedObject>;

  /** Resolves also when there was none. */
  delete(key: StorageKey, options?: CallOptions): Promise<void>;
}
