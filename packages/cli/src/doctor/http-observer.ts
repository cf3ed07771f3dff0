import type { IncomingMessage, RequestOptions } from 'node:http';
import type { HttpAnswer, HttpObserver, HttpQuestion } from '@ragnos/repository';
import { CliError } from '../errors.ts';

const timeoutMs = 15_000;
const defaultMaxLength = 64 * 1024;

/** The address of a repository as an operator types it. @throws CliError USAGE */
export function repositoryUrl(given: string): URL {
  const url = URL.parse(given);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new CliError('USAGE', `${JSON.stringify(given)} is no http: or https: address`, {
      hint: 'ragv doctor https://plugins.example/',
    });
  url.hash = '';
  url.search = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/**
 * One connection for each question, so that nothing but the server decides what comes. Redirects are answers, bodies stay
 * as they are, certificates are checked. Proxies as Node reads them from the environment, but never for loopback.
 */
export function httpObserver(base: URL, signal: AbortSignal): HttpObserver {
  return { base, ask: (path, question = {}) => ask(new URL(path, base), base, question, signal) };
}

async function ask(url: URL, base: URL, question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  if (url.origin !== base.origin) throw new Error(`another origin: ${url.origin}`);
  const { method = 'GET', headers = {}, maxLength = defaultMaxLength } = question;
  const answer = await send(
    url,
    { method, headers: { 'user-agent': 'ragnos-vault-doctor', ...headers } },
    signal,
  );
  const chunks: Uint8Array[] = [];
  let length = 0;
  const timer = setTimeout(() => answer.destroy(new Error('the answer takes too long')), 4 * timeoutMs);
  try {
    for await (const chunk of answer) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxLength) break; // leaving the loop destroys the answer
    }
  } finally {
    clearTimeout(timer);
  }
  const body = Buffer.concat(chunks).subarray(0, maxLength);
  const named = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
  return { status: answer.statusCode ?? 0, headers: new Map(named), body };
}

async function send(url: URL, options: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { Agent, request } =
    url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  const agent = new Agent({ keepAlive: false, ...(loopback ? {} : { proxyEnv: process.env }) });
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent, signal, rejectUnauthorized: true });
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), timeoutMs);
    sent.on('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    sent.on('error', (error) => {
      clearTimeout(timer);
      reject(signal.aborted ? signal.reason : error);
    });
    sent.end();
  });
}
