import type { ConfinedProcess } from '../../confine/api.ts';
import type { SignedTexts } from '../../formats/texts.ts';
import { LoadFailureError } from '../errors.ts';
import { isObject, readMessage } from './json-rpc.ts';
import { messageWriter, readServer } from './lines.ts';
import { askedBy } from './passing.ts';
import { canonical, instructionsName } from './texts.ts';

export interface AskOptions {
  /** Requests that the server may make: said to be possible, and answered with nothing. */
  readonly requests: readonly string[];
  readonly timeoutMs?: number;
}

const protocolVersion = '2025-06-18';
const maxPages = 100;
const maxItems = 1000;
/** Bytes of ours that it leaves unread. */
const maxUnread = 1024 * 1024;

/** Asks a server that was just started for all that it shows to models. Ends nothing. @throws LoadFailureError */
export async function askServer(server: ConfinedProcess, options: AskOptions): Promise<SignedTexts> {
  const { requests, timeoutMs = 20_000 } = options;
  const late = AbortSignal.timeout(timeoutMs);
  const waiting = new Map<number, (result: Readonly<Record<string, unknown>> | null) => void>();
  let fault: string | null = null;
  const stop = (why: string): void => {
    fault ??= why;
    for (const settle of waiting.values()) settle(null);
  };
  const write = messageWriter(server.stdin, null);
  const send = (message: object): void => {
    if (write(message) > maxUnread) stop('does not read what it is asked');
  };
  late.addEventListener('abort', () => stop(`did not answer within ${timeoutMs} ms`), { once: true });
  void server.exited.then(({ error }) => stop(`ended: ${error?.message ?? 'by itself'}`));
  server.stderr.resume();
  readServer(server.stdout, {
    bad: (why) => stop(`wrote ${why}`),
    stray: () => undefined,
    message: (value) => {
      const parsed = readMessage(value);
      if (parsed === null) return null;
      if (parsed.kind === 'request') {
        const result = parsed.method === 'roots/list' ? { roots: [] } : {};
        send({ jsonrpc: '2.0', id: parsed.id, result });
      } else if (parsed.kind === 'result' || parsed.kind === 'error') {
        const settle = waiting.get(Number(parsed.id));
        settle?.(parsed.kind === 'result' ? parsed.result : {});
        return settle === undefined ? 'word' : 'answer';
      }
      return 'word';
    },
  });
  let next = 1;
  const ask = async (method: string, params: object): Promise<Readonly<Record<string, unknown>>> => {
    const id = next++;
    const result = await new Promise<Readonly<Record<string, unknown>> | null>((resolve) => {
      if (fault !== null) return resolve(null);
      waiting.set(id, resolve);
      send({ jsonrpc: '2.0', id, method, params });
    });
    waiting.delete(id);
    if (result === null) throw new LoadFailureError('PLUGIN_LOAD', `the server ${fault}`);
    return result;
  };
  const list = async (kind: 'tools' | 'prompts'): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    let cursor: unknown = undefined;
    for (let page = 0; page < maxPages && found.size <= maxItems; page++) {
      const result = await ask(`${kind}/list`, cursor === undefined ? {} : { cursor });
      const items: unknown = result[kind];
      for (const item of Array.isArray(items) ? Array.from<unknown>(items) : [])
        if (isObject(item) && typeof item['name'] === 'string') found.set(item['name'], canonical(item));
      cursor = result['nextCursor'];
      if (typeof cursor !== 'string') break;
    }
    return found;
  };
  const able = [...askedBy]
    .filter(([, request]) => requests.includes(request))
    .map(([name]) => [name, {}] as const);
  const about = await ask('initialize', {
    protocolVersion,
    capabilities: Object.fromEntries(able),
    clientInfo: { name: 'ragv', version: '1' },
  });
  send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  const offers = isObject(about['capabilities']) ? about['capabilities'] : {};
  const tools = offers['tools'] === undefined ? new Map<string, string>() : await list('tools');
  const prompts = offers['prompts'] === undefined ? new Map<string, string>() : await list('prompts');
  if (typeof about['instructions'] === 'string')
    prompts.set(instructionsName, canonical(about['instructions']));
  return { tools, prompts };
}
