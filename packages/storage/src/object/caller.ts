import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http/client.ts';
import type { Dialect, Draft, Expected, Refusal, Span } from './dialect.ts';
import { NotNow } from './retry.ts';

/** Makes of a draft what goes over the wire: endpoint, credentials, signature. */
export type Sign = (draft: Draft) => Promise<HttpRequest>;

export type Outcome =
  { readonly kind: 'done'; readonly answer: HttpAnswer } | { readonly kind: 'absent' | 'lost' | 'bad-range' };

/** Sends drafts, and turns answers into outcomes and errors. One attempt each: who repeats what is decided above. */
export class Caller {
  readonly #client: HttpClient;
  readonly #dialect: Dialect;
  readonly #sign: Sign;

  constructor(client: HttpClient, dialect: Dialect, sign: Sign) {
    this.#client = client;
    this.#dialect = dialect;
    this.#sign = sign;
  }

  /** Throws NotNow, TransportFailure, StorageError, the signal's reason, and what the payload throws. */
  async call(
    draft: Draft,
    signal: AbortSignal | undefined,
    options: { readonly condition?: Expected; readonly answerMaxLength?: number } = {},
  ): Promise<Outcome> {
    signal?.throwIfAborted();
    const answer = await this.#client.exchange(await this.#sign(draft), signal, options.answerMaxLength);
    if (answer.status >= 200 && answer.status < 300) return { kind: 'done', answer };
    return outcomeOf(await this.#dialect.refusal(answer, draft, options.condition));
  }

  /** The bytes of a span, streamed. Throws as `call` does; a changed object is STORAGE_UNAVAILABLE. */
  async *download(
    key: StorageKey,
    span: Span,
    etag: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    const draft = this.#dialect.get(this.#dialect.prefix + key, span, etag);
    const request = await this.#sign(draft);
    yield* this.#client.download(request, signal, span.end - span.start, ({ status, header }) => {
      if (status === 206 && contentStart(header('content-range')) === span.start) {
        // Not every store heeds the condition.
        if (this.#dialect.found(key, { status, header }).info.etag !== etag) throw replaced(key);
        return;
      }
      if (status === 404 || status === 409 || status === 412 || status === 416) throw replaced(key);
      if (status === 403) throw new StorageError('STORAGE_DENIED', `${key}: access ended while it was read`);
      throw new NotNow(`${key}: status ${status} while it was read`);
    });
  }
}

export function replaced(key: string): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `${key} was replaced while it was read`, {
    hint: 'try again',
  });
}

/** The whole object's size by the answer's `content-range`; `null`: it has none. */
export function sizeOf(range: string | undefined): number | null {
  const size = /^bytes (?:\d{1,15}-\d{1,15}|\*)\/(\d{1,15})$/.exec(range ?? '')?.[1];
  return size === undefined ? null : Number(size);
}

function contentStart(range: string | undefined): number | null {
  const start = /^bytes (\d{1,15})-/.exec(range ?? '')?.[1];
  return start === undefined ? null : Number(start);
}

function outcomeOf(refusal: Refusal): Outcome {
  switch (refusal.kind) {
    case 'again':
      throw new NotNow(refusal.message);
    case 'failed':
      throw refusal.error;
    case 'absent':
    case 'lost':
    case 'bad-range':
      return { kind: refusal.kind };
    default:
      return refusal satisfies never;
  }
}
