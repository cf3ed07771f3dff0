import type { IncomingMessage, ServerResponse } from 'node:http';

/** On every answer, errors included: nothing here is a page that runs, frames or leaks. */
const security: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  [
    'Content-Security-Policy',
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  ],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Frame-Options', 'DENY'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
];

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of security) response.setHeader(name, value);
}

/** Lets exactly the given origins read; without any, browsers keep other sites out (`same-origin`). */
export function setCrossOriginHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  origins: ReadonlySet<string>,
): void {
  const { origin } = request.headers;
  const allowed = origin !== undefined && origins.has(origin);
  response.setHeader('Cross-Origin-Resource-Policy', allowed ? 'cross-origin' : 'same-origin');
  if (origins.size === 0) return;
  response.setHeader('Vary', 'Origin');
  if (!allowed) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Length, Content-Range, Accept-Ranges');
}

/** `true`: it was a preflight of an allowed origin, and is answered. */
export function answerPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  origins: ReadonlySet<string>,
): boolean {
  const { origin } = request.headers;
  const asked = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || asked === undefined || origin === undefined || !origins.has(origin))
    return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
  response.setHeader('Access-Control-Allow-Headers', 'Range, If-Range, If-Match, If-None-Match');
  response.setHeader('Access-Control-Max-Age', '600');
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(204).end();
  return true;
}
