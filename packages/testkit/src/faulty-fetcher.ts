import type { Fetcher } from '@ragnos/client';
import {
  CutError,
  defineFetcher,
  DownloadForbiddenError,
  DownloadNotFoundError,
  DownloadStatusError,
  StalledError,
  UnreachableError,
} from '@ragnos/client';

/** What goes wrong with an answer. `after` counts bytes of this answer, default 0. */
export type FaultKind =
  | { readonly kind: 'cut' | 'stall' | 'short'; readonly after?: number }
  | { readonly kind: 'drip'; readonly bytes?: number }
  | { readonly kind: 'endless' | 'flip' | 'page' | 'unreachable' | 'ignore-range' }
  | { readonly kind: 'status'; readonly status: number };

/** `match` is looked for in the URL; a fault acts `times` times (default for ever), the first that matches wins. */
export type Fault = FaultKind & { readonly match: string | RegExp; readonly times?: number };

function refuse(url: URL, status: number): Error {
  const text = `${url.pathname}: status ${status}`;
  if (status === 404) return new DownloadNotFoundError(text);
  return status === 403 ? new DownloadForbiddenError(text) : new DownloadStatusError(text, status);
}

async function* spoil(
  url: URL,
  inner: AsyncIterable<Uint8Array>,
  fault: FaultKind,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (fault.kind === 'page') {
    yield new TextEncoder().encode('<!doctype html><title>Welcome</title>');
    return;
  }
  let left = 'after' in fault ? (fault.after ?? 0) : 0;
  const cutting = fault.kind === 'cut' || fault.kind === 'stall' || fault.kind === 'short';
  for await (const chunk of inner) {
    if (fault.kind === 'drip') {
      const step = fault.bytes ?? 1;
      for (let at = 0; at < chunk.length; at += step) yield chunk.subarray(at, at + step);
    } else if (fault.kind === 'flip') {
      yield chunk.map((byte, index) => (index === chunk.length >> 1 ? byte ^ 1 : byte));
    } else if (cutting && chunk.length > left) {
      if (left > 0) yield chunk.subarray(0, left);
      left = 0;
      break;
    } else {
      left -= chunk.length;
      yield chunk;
    }
  }
  if (fault.kind === 'cut') throw new CutError(`${url.pathname}: cut`);
  if (fault.kind === 'stall') throw new StalledError(`${url.pathname}: stalled`);
  while (fault.kind === 'endless') yield new Uint8Array(1024);
}

/** `inner` behind a bad network or a bad server. Nothing waits: a stall is the error that a fetcher makes of it. */
export function faultyFetcher(inner: Fetcher, faults: readonly Fault[]): Fetcher {
  const left = new Map(faults.map((fault) => [fault, fault.times ?? Number.POSITIVE_INFINITY]));
  return defineFetcher({
    open: async (url, { offset, maxLength, signal }) => {
      const fault = faults.find((candidate) => {
        const { match } = candidate;
        const hit = typeof match === 'string' ? url.href.includes(match) : match.test(url.href);
        return hit && (left.get(candidate) ?? 0) > 0;
      });
      const options = { maxLength, offset, signal };
      if (fault === undefined) return inner.fetch(url, options);
      left.set(fault, (left.get(fault) ?? 0) - 1);
      if (fault.kind === 'status') throw refuse(url, fault.status);
      if (fault.kind === 'unreachable') throw new UnreachableError(`${url.pathname}: refused`);
      if (fault.kind === 'ignore-range') return inner.fetch(url, { maxLength, signal });
      return spoil(url, inner.fetch(url, options), fault);
    },
  });
}
