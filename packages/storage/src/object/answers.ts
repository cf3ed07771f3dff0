import { StorageError } from '../errors.ts';
import type { HttpAnswer } from '../http/client.ts';
import type { StorageKey } from '../key.ts';
import { sizeOf } from './caller.ts';
import type { Found, Refusal } from './dialect.ts';
import { NotNow } from './retry.ts';
import { writesOf } from './writes.ts';

/** For an answer that fits no specification: somebody else than the store answers, or another version of it. */
export function unreadable(where: string, what: string): never {
  throw new StorageError('STORAGE_UNAVAILABLE', `${where}: ${what}`, {
    hint: 'is the endpoint this kind of store, with nothing in between?',
  });
}

/** What the headers of an answer say of the object, as every provider says it. `writes`: the header that has their ids. */
export function foundIn(
  key: StorageKey,
  { header }: Omit<HttpAnswer, 'bytes'>,
  writes: string,
  etag: string,
): Found {
  return {
    info: {
      key,
      size: sizeOf(header('content-range')) ?? Number(header('content-length') ?? NaN),
      etag,
      modified: new Date(header('last-modified') ?? NaN),
      contentType: header('content-type'),
      cacheControl: header('cache-control'),
    },
    writes: writesOf(header(writes)),
  };
}

/** The error for an answer where none but success, and what was looked for, has a meaning. */
export function errorOf(refusal: Refusal, where: string, { status }: HttpAnswer): Error {
  if (refusal.kind === 'again') return new NotNow(refusal.message);
  if (refusal.kind === 'failed') return refusal.error;
  return new StorageError('STORAGE_UNAVAILABLE', `${where}: status ${status}`);
}

export function failed(
  code: ConstructorParameters<typeof StorageError>[0],
  message: string,
  hint?: string,
): Refusal {
  return { kind: 'failed', error: new StorageError(code, message, hint === undefined ? {} : { hint }) };
}

/** What every provider means alike; `null`: it takes the provider's own code to tell. */
export function commonRefusal(answer: HttpAnswer, where: string, said: string): Refusal | null {
  const { status } = answer;
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'again', message: `${where}: status ${status}${said}` };
  if (status >= 300 && status < 400) {
    const location = URL.parse(answer.header('location') ?? '')?.origin;
    return failed(
      'STORAGE_BAD_URI',
      `${where}: the store answers with a redirect${location === undefined ? '' : ` to ${location}`}${said}`,
      'redirects are not followed: name the right endpoint or region in the address of the store',
    );
  }
  if (status === 507) return failed('STORAGE_FULL', `${where}: no space left${said}`);
  if (status === 401) return failed('STORAGE_DENIED', `${where}: the credentials are not accepted${said}`);
  return null;
}

/** What a store said, cut to a length that fits a message, without line ends. */
export function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return `: ${line.length > 200 ? `${line.slice(0, 200)}…` : line}`;
}

/** Minutes by which a store's clock differs from ours, for a hint; `null`: it does not say. */
export function clockDifference(answer: HttpAnswer): string | null {
  const theirs = Date.parse(answer.header('date') ?? '');
  if (Number.isNaN(theirs)) return null;
  const seconds = Math.round((Date.now() - theirs) / 1000);
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the store's`;
}
