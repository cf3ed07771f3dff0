import type { RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';

/** What a webhook is sent, as JSON. The format's name changes when a member changes its meaning. */
export interface Alert {
  readonly format: 'ragnos-alert/1';
  readonly at: string;
  readonly kind: 'trouble' | 'recovered';
  readonly trouble: string;
  /** One sentence for people. */
  readonly text: string;
  readonly roles: readonly string[];
  /** When clients break; `null` = not known. */
  readonly breaks: string | null;
  readonly code: string | null;
  /** The vault, and the machine that watches it. */
  readonly vault: string;
  readonly host: string;
}

/** `null`: it was taken. Else why not, without the address, which may be a secret. */
export type SendAlert = (alert: Alert, signal?: AbortSignal) => Promise<string | null>;

export interface AlertLimits {
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly backOffMs: number;
}

const defaults: AlertLimits = { timeoutMs: 10_000, attempts: 3, backOffMs: 1000 };

/** @throws CliError USAGE, without the address */
export function alertTo(address: string, limits: AlertLimits = defaults): SendAlert {
  const url = URL.parse(address);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))))
    throw new CliError('USAGE', 'the address for alerts is no https: address', {
      hint: 'it is not shown here, since such addresses are secrets; see --alert-url and RAGV_ALERT_URL',
    });
  return async (alert, signal) => {
    const body = Buffer.from(JSON.stringify(alert));
    for (let attempt = 1; ; attempt++) {
      const { failure, again } = await post(url, body, limits.timeoutMs);
      if (failure === null) return null;
      if (!again || attempt >= limits.attempts || signal?.aborted === true) return `${url.host}: ${failure}`;
      const pause = limits.backOffMs * 4 ** (attempt - 1) * (0.5 + Math.random() / 2);
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  };
}

interface Posted {
  readonly failure: string | null;
  readonly again: boolean;
}

/** Redirects are failures: nobody but the one who was named gets to know. Never rejects. */
async function post(url: URL, body: Uint8Array, timeoutMs: number): Promise<Posted> {
  const { Agent, request } =
    url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const agent = new Agent({ keepAlive: false, ...(isLoopback(url) ? {} : { proxyEnv: process.env }) });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const options: RequestOptions = { method: 'POST', headers, agent, signal: AbortSignal.timeout(timeoutMs) };
  return new Promise((resolve) => {
    const sent = request(url, options, (answer) => {
      answer.destroy(); // what it says is nobody's business
      const status = answer.statusCode ?? 0;
      const good = status >= 200 && status < 300;
      const again = status === 408 || status === 429 || status >= 500;
      resolve({ failure: good ? null : `status ${status}`, again });
    });
    sent.on('error', (error) => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
      resolve({ failure: code === '' || code === 'ABORT_ERR' ? 'no answer in time' : code, again: true });
    });
    sent.end(body);
  });
}

function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
