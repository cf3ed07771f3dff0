import type { IncomingMessage, ServerResponse } from 'node:http';
import { StorageError, storageKey, type Storage } from '@ragnos/storage';
import { answerObject, answerText } from './answer.ts';
import { answerPreflight, setCrossOriginHeaders, setSecurityHeaders } from './headers.ts';
import { answerLanding } from './landing.ts';
import { MetadataMemory, type Kept } from './memory.ts';
import type { ServerLimits, ServerLog } from './options.ts';
import { wanted } from './request-key.ts';

export interface HandlerOptions {
  readonly storage: Storage;
  readonly origins: ReadonlySet<string>;
  readonly limits: ServerLimits;
  readonly log: ServerLog;
  readonly landingPage: boolean;
  /** Known once the server listens. */
  readonly url: () => string;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const timestamp = storageKey('metadata/timestamp.json');

export function repositoryHandler(options: HandlerOptions): Handler {
  const { storage, origins, limits, log } = options;
  const memory = new MetadataMemory(storage, {
    fileMaxLength: limits.metadataFileMaxLength,
    maxLength: limits.memory,
  });

  async function find(key: Kept['info']['key']): Promise<Kept | null> {
    if (key.startsWith('metadata/')) return memory.find(key);
    const info = await storage.head(key);
    return info === null ? null : { info, bytes: null };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response);
    setCrossOriginHeaders(request, response, origins);
    if (hasBody(request)) response.setHeader('Connection', 'close'); // nobody reads it
    if (request.httpVersionMajor !== 1) return answerText(request, response, 505, 'only HTTP/1.0 and 1.1');
    if (answerPreflight(request, response, origins)) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return answerText(request, response, 405, 'only GET and HEAD');
    }
    const what = wanted(request.url ?? '');
    if (what?.kind === 'object') {
      const kept = await find(what.key);
      if (kept !== null) return answerObject(request, response, storage, kept);
    }
    if (what?.kind === 'landing' && options.landingPage)
      return answerLanding(request, response, storage, options.url());
    if (what?.kind === 'health') {
      const healthy = (await memory.find(timestamp)) !== null;
      return answerText(request, response, healthy ? 200 : 503, healthy ? 'ok' : 'no repository');
    }
    return answerText(request, response, 404, 'not found');
  }

  return (request, response) => {
    const at = new Date();
    const began = performance.now();
    request.on('error', () => undefined); // the close below tells enough
    response.on('error', () => undefined);
    response.on('close', () => {
      log.access?.({
        at,
        method: request.method ?? '',
        path: printable(request.url ?? ''),
        status: response.statusCode,
        bytes: Number(response.getHeader('Content-Length') ?? 0),
        complete: response.writableFinished,
        milliseconds: performance.now() - began,
      });
    });
    answer(request, response).catch((error: unknown) => {
      log.failure?.(`${request.method ?? ''} ${printable(request.url ?? '')}`, error);
      fail(request, response, error);
    });
  };
}

/** 503 for what may pass; once the head is out, only cutting the connection says that the body is not whole. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of ['ETag', 'Content-Range', 'Accept-Ranges', 'Content-Disposition'])
    response.removeHeader(name);
  const passing = error instanceof StorageError && error.code === 'STORAGE_UNAVAILABLE';
  if (passing) response.setHeader('Retry-After', '1');
  answerText(
    request,
    response,
    passing ? 503 : 500,
    passing ? 'the store does not answer' : 'internal error',
  );
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function printable(url: string): string {
  return url
    .slice(0, 1024)
    .replaceAll(/[^\x21-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
