import type { IncomingMessage } from 'node:http';

import {
  DownloadError,
  DownloadForbiddenError,
  DownloadLengthError,
  DownloadNotFoundError,
  DownloadStatusError,
  EncodingError,
  RedirectError,
} from '../errors.ts';
import { shown } from '../fetcher.ts';

/** Where a redirect leads, or `null` if the answer is none. Only within the origin: an origin is what was configured. */
export function redirectTarget(url: URL, answer: IncomingMessage): URL | null {
  const status = answer.statusCode ?? 0;
  if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) return null;
  const location = answer.headers.location ?? '';
  const target = URL.parse(location, url.href);
  if (location === '' || target === null)
    throw new RedirectError(`${shown(url)}: redirect without a valid location`);
  if (url.protocol === 'https:' && target.protocol !== 'https:')
    throw new RedirectError(`${shown(url)}: redirect from https to ${target.protocol.slice(0, -1)}`);
  if (target.origin !== url.origin || target.username !== '' || target.password !== '')
    throw new RedirectError(`${shown(url)}: redirect to another origin (${target.origin})`, {
      hint: 'if the repository has moved, configure its new address',
    });
  return target;
}

function refuseStatus(url: URL, status: number): never {
  if (status === 404 || status === 410)
    throw new DownloadNotFoundError(`${shown(url)}: not found (${status})`);
  if (status === 401 || status === 403)
    throw new DownloadForbiddenError(`${shown(url)}: access denied (${status})`, {
      hint: 'a store that answers 403 for absent files must be told to list or to answer 404',
    });
  if (status === 407) throw new DownloadForbiddenError(`${shown(url)}: the proxy wants a password (407)`);
  throw new DownloadStatusError(`${shown(url)}: status ${status}`, status);
}

/**
 * Checks the head of an answer to a request for the bytes from `offset` on, and says how many bytes of its body come
 * before `offset`: all of it on a 200, since the server did not follow the range and starts afresh.
 */
export function bytesToSkip(url: URL, answer: IncomingMessage, offset: number, maxLength: number): number {
  const status = answer.statusCode ?? 0;
  if (status !== 200 && status !== 206) refuseStatus(url, status);
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== '')
    throw new EncodingError(`${shown(url)}: content-encoding ${encoding}, which was not asked for`, {
      hint: 'the server or something before it re-encodes files; turn that off for this repository',
    });
  const start = status === 206 ? rangeStart(url, answer, offset) : 0;
  const length = answer.headers['content-length'];
  if (length !== undefined && start + Number(length) > maxLength)
    throw new DownloadLengthError(
      `${shown(url)}: ${start + Number(length)} bytes announced, ${maxLength} allowed`,
      {
        hint: 'the repository serves something else than it announced; nothing was kept',
      },
    );
  return offset - start;
}

function rangeStart(url: URL, answer: IncomingMessage, offset: number): number {
  const range = answer.headers['content-range'] ?? '';
  const first = /^bytes (\d{1,15})-\d{1,15}\/(?:\d{1,15}|\*)$/.exec(range)?.[1];
  if (offset === 0 || Number(first) !== offset)
    throw new DownloadError(
      `${shown(url)}: asked for bytes from ${offset}, got ${JSON.stringify(range.slice(0, 60))}`,
    );
  return offset;
}
