import type { HttpAnswer } from '../http/client.ts';
import type { StorageKey } from '../key.ts';
import type { ListedObject, ObjectInfo, ObjectMeta } from '../storage.ts';

/** A request in a provider's words, not yet signed. */
export interface Draft {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Encoded, below the endpoint. */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: Payload;
}

/** Bytes on their way out; every store is told their digest, so that it refuses what was damaged on the way. */
export interface Payload {
  readonly length: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Base64. */
  readonly md5: string;
  /** Can be begun again. Yields the last piece only once the whole is checked. */
  readonly body: () => Uint8Array | AsyncIterable<Uint8Array>;
}

/** `null`: only if there is none. */
export type Expected = string | null;

/** Inclusive `start`, exclusive `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Found {
  readonly info: ObjectInfo;
  /** Ids of the writes that led to it: see `writes.ts`. */
  readonly writes: readonly string[];
}

export interface Page {
  readonly objects: readonly (ListedObject | null)[];
  /** Where the next page begins; `null`: this was the last. */
  readonly next: string | null;
}

/** What an answer that is no success means. */
export type Refusal =
  | { readonly kind: 'absent' }
  /** The condition did not hold: somebody else was first. */
  | { readonly kind: 'lost' }
  /** Past the end of the object. */
  | { readonly kind: 'bad-range' }
  /** Not now; whether it was done is not known. */
  | { readonly kind: 'again'; readonly message: string }
  | { readonly kind: 'failed'; readonly error: Error };

/** How one provider's protocol says things. What they mean together is `objectStorage`'s. */
export interface Dialect {
  readonly description: string;
  /** Bytes of a key, prefix included. */
  readonly keyMaxLength: number;
  /** Bytes of one object in one request. */
  readonly bodyMaxLength: number;
  readonly prefix: string;
  /** How it lists; the order of bytes if it does not say. */
  readonly order?: 'utf-16';
  get(key: string, span: Span, expected: string | null): Draft;
  head(key: string): Draft;
  put(key: string, payload: Payload, meta: ObjectMeta, expected: Expected, writes: string): Draft;
  delete(key: string, expected: string): Draft;
  list(prefix: string, from: string | null): Draft;
  /** Of an answer to `get` or `head`. */
  found(key: StorageKey, answer: Omit<HttpAnswer, 'bytes'>): Found;
  /** The etag of what was just put. */
  putEtag(answer: HttpAnswer): string;
  page(answer: HttpAnswer): Page;
  refusal(answer: HttpAnswer, draft: Draft, condition: Expected | undefined): Promise<Refusal> | Refusal;
  /** `true`: conditions will be spelled in another way from now on, since the store does not understand the one used. */
  respell?(draft: Draft): boolean;
}
