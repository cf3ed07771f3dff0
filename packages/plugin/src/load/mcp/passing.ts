import { plain } from '../plain.ts';
import { isObject, type JsonRpcObject, type RequestId } from './json-rpc.ts';

/** Who a server is: as its signed manifest says, not as it says itself. */
export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
}

type Members = Readonly<Record<string, unknown>>;

/** What a client may ask of a server: of anything else nobody here knows what of an answer is read by a model. */
export const clientRequests: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);

const lists: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** Their answers are what somebody called for: data, which nobody can sign. */
const calls: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'completion/complete',
]);

const capabilities: ReadonlyMap<string, readonly string[]> = new Map([
  ['tools', ['listChanged']],
  ['prompts', ['listChanged']],
  ['resources', ['subscribe', 'listChanged']],
  ['logging', []],
  ['completions', []],
]);

/** A client's capability that lets a server make a request. */
export const askedBy: ReadonlyMap<string, string> = new Map([
  ['sampling', 'sampling/createMessage'],
  ['elicitation', 'elicitation/create'],
  ['roots', 'roots/list'],
]);

const withoutParams: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
]);

const maxText = 1_000;

/** A value of a message for people to read, in one line. */
export function plainText(value: unknown, most: number = maxText): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return plain(text.slice(0, most)).trim();
}

/** Whether `method` is answered page by page. */
export function isList(method: string): boolean {
  return lists.has(method);
}

/** Whether the answer to `method` passes as it is. */
export function isData(method: string): boolean {
  return calls.has(method);
}

/**
 * How a client introduces itself, to a server that may make `requests`: a client that does not say that it can is not asked,
 * since servers look before they ask.
 */
export function greeting(message: JsonRpcObject, requests: readonly string[]): JsonRpcObject {
  const { params } = message;
  if (!isObject(params) || !isObject(params['capabilities'])) return message;
  const passed = Object.entries(params['capabilities']).filter(([name]) => {
    const request = askedBy.get(name);
    return request === undefined || requests.includes(request);
  });
  return { ...message, params: { ...params, capabilities: Object.fromEntries(passed) } };
}

/** A day, as all have been; of a draft a short name. */
const versions = /^(?:DRAFT-)?\d{4}(?:-[\dv]{1,3}){1,3}$/;

/** How a server introduces itself: version and abilities, and no word of its own but signed `instructions`. */
export function introduction(
  result: Members,
  identity: ServerIdentity,
  instructions: string | null,
): Members {
  const { protocolVersion, capabilities: offered } = result;
  const offers = isObject(offered) ? offered : {};
  return {
    protocolVersion:
      typeof protocolVersion === 'string' && versions.test(protocolVersion) ? protocolVersion : '',
    capabilities: Object.fromEntries(
      [...capabilities].flatMap(([name, flags]) => {
        const offer = offers[name];
        if (!isObject(offer)) return [];
        return [
          [
            name,
            Object.fromEntries(flags.filter((flag) => offer[flag] === true).map((flag) => [flag, true])),
          ],
        ];
      }),
    ),
    serverInfo: { name: identity.name, version: identity.version },
    ...(instructions === null ? {} : { instructions }),
  };
}

/** A page of a list, of which nothing passes but its items, and by a number of ours where the next page begins. */
export function page(name: string, items: readonly unknown[], nextCursor: string | null): Members {
  return { [name]: items, ...(nextCursor === null ? {} : { nextCursor }) };
}

/** An address as RFC 3986 writes it, so that all of it is seen: what is not ASCII is percent-encoded. `{}` are for templates. */
const addresses = /^[a-z][a-z0-9+.-]{0,40}:[\w\-.~:/?#[\]@!$&'()*+,;=%{}]{1,2000}$/i;
/** Of RFC 6838, with its registered top-level types, and no parameters. */
const mediaTypes =
  /^(?:application|audio|example|font|haptics|image|message|model|multipart|text|video)\/[\w!#$&^.+-]{1,80}(?=;|$)/i;

/** Resources are made as a server runs, and nobody signs them: each passes as its address, with nothing said about it. */
export function resources(list: unknown, address: 'uri' | 'uriTemplate'): readonly Members[] {
  return (Array.isArray(list) ? Array.from<unknown>(list) : []).flatMap((item) => {
    if (!isObject(item)) return [];
    const { [address]: where, mimeType, size } = item;
    if (typeof where !== 'string' || !addresses.test(where)) return [];
    const [type] = (typeof mimeType === 'string' && mediaTypes.exec(mimeType)) || [];
    return [
      {
        [address]: where,
        name: where,
        ...(type === undefined ? {} : { mimeType: type }),
        ...(typeof size === 'number' ? { size } : {}),
      },
    ];
  });
}

/** Why a request failed: of what somebody called for in the server's words, of all else in ours. */
export function failure(method: string, error: unknown): Members {
  const { code, message, data } = isObject(error) ? error : {};
  const number = typeof code === 'number' && Number.isInteger(code) ? code : -32_603;
  if (!isData(method)) return { code: number, message: `the server cannot answer ${method}` };
  return { code: number, message: plainText(message), ...(data === undefined ? {} : { data }) };
}

/** By what the client wants to hear how far a call is. Of what is no call nothing is told: that would be words before any. */
export function progressToken(method: string, params: unknown): RequestId | null {
  const meta = isData(method) && isObject(params) ? params['_meta'] : undefined;
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : null;
}

/** What is under way, by which is judged what a notification is about. */
export interface UnderWay {
  /** The number by which the client knows a request of the server; `null`: there is none. */
  readonly asked: (id: unknown) => number | null;
  /** Whether the client wants to hear of a call by this token. */
  readonly tells: (token: unknown) => boolean;
}

/** A notification with what is known of it; `null` = it is none that passes. */
export function notification(
  method: string,
  params: unknown,
  { asked, tells }: UnderWay,
): JsonRpcObject | null {
  const given = isObject(params) ? params : {};
  const passed = (known: Members): JsonRpcObject => ({ jsonrpc: '2.0', method, params: known });
  if (withoutParams.has(method)) return { jsonrpc: '2.0', method };
  if (method === 'notifications/resources/updated') {
    const [known] = resources([given], 'uri');
    return known === undefined ? null : passed({ uri: known['uri'] });
  }
  if (method === 'notifications/cancelled') {
    const requestId = asked(given['requestId']);
    return requestId === null ? null : passed({ requestId });
  }
  if (method !== 'notifications/progress' || !tells(given['progressToken'])) return null;
  const { progressToken: token, progress, total, message } = given;
  return passed({
    progressToken: token,
    progress: typeof progress === 'number' ? progress : 0,
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof message === 'string' ? { message: plainText(message) } : {}),
  });
}
