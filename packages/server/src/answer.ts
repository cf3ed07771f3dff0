import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { objectMeta } from '@ragnos/repository';
import type { ObjectInfo, Storage } from '@ragnos/storage';
import { judge } from './conditions.ts';
import type { Kept } from './memory.ts';

/** A short text that no cache keeps: what is absent now may be published the next moment. */
export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  const body = Buffer.from(`${text}\n`);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', body.length);
  response.writeHead(status).end(request.method === 'HEAD' ? undefined : body);
}

/** Quoted and strong: the store promises that another content has another tag (a folder's is the sha256). */
export function entityTag(info: ObjectInfo): string {
  const safe = /^[\x21\x23-\x7e]{1,128}$/.test(info.etag);
  return `"${safe ? info.etag : createHash('sha256').update(info.etag).digest('hex')}"`;
}

/**
 * Answers GET and HEAD for an object that is there, from memory or as a stream. Nothing is read for HEAD, 304 and 416.
 * Rejects if the store fails; the head of the answer may be out by then, and the connection has to be cut.
 */
export async function answerObject(
  request: IncomingMessage,
  response: ServerResponse,
  storage: Storage,
  kept: Kept,
): Promise<void> {
  const { info, bytes } = kept;
  const { size } = info;
  const etag = entityTag(info);
  const { headers, method } = request;
  const meta = objectMeta(info.key);
  const verdict = judge(
    {
      ifMatch: headers['if-match'],
      ifNoneMatch: headers['if-none-match'],
      ifRange: one(headers['if-range']),
      range: method === 'GET' ? headers.range : undefined, // defined for GET alone: RFC 9110, 14.2
    },
    etag,
    size,
  );
  if (verdict.status === 412) return answerText(request, response, 412, 'the file has changed');
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', meta.cacheControl ?? 'no-store');
  if (verdict.status === 304) {
    response.writeHead(304).end();
    return undefined;
  }
  response.setHeader('Accept-Ranges', 'bytes');
  if (verdict.status === 416) {
    response.setHeader('Content-Range', `bytes */${size}`);
    return answerText(request, response, 416, 'no such range');
  }
  const { start, end } = verdict.status === 206 ? verdict : { start: 0, end: size };
  if (verdict.status === 206) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  response.setHeader('Content-Type', meta.contentType ?? 'application/octet-stream');
  response.setHeader('Content-Length', end - start);
  if (info.key.startsWith('targets/')) response.setHeader('Content-Disposition', 'attachment');
  if (method === 'HEAD') {
    response.writeHead(200).end();
    return undefined;
  }
  if (bytes !== null) {
    response.writeHead(verdict.status).end(bytes.subarray(start, end));
    return undefined;
  }
  return stream(response, storage, info, verdict.status, start, end);
}

async function stream(
  response: ServerResponse,
  storage: Storage,
  info: ObjectInfo,
  status: 200 | 206,
  start: number,
  end: number,
): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  try {
    const found = await storage.get(
      info.key,
      status === 206 ? { range: { start, end }, signal: gone.signal } : { signal: gone.signal },
    );
    // Between the two questions somebody replaced the file: the head that is ready describes another one.
    if (found === null || found.info.etag !== info.etag)
      throw new Error(`${info.key} changed while it was asked for`);
    response.writeHead(status);
    await pipeline(Readable.from(found.body, { objectMode: true, highWaterMark: 1 }), response);
  } catch (error) {
    if (!(gone.signal.aborted && isLeaving(error))) throw error; // else: the client left, which is nobody's failure
  } finally {
    response.off('close', leave);
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function isLeaving(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}
