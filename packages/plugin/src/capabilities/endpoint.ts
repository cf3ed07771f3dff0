import { isIPv4 } from 'node:net';

/**
 * Where a plugin may connect to. `host` is a name in lower case, `*.name` for every name below it (not itself), an address
 * (IPv6 without brackets), or `*` for every public host; `port` 0 is every port. `methods` narrows brokered fetch: null = any.
 */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly methods: readonly string[] | null;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const name = new RegExp(`^${label}(?:\\.${label})*$`);

/** Reads `[METHOD,METHOD ]host:port`; null if it is none. Only the canonical form of an address is one. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:([A-Z,]{3,60}) )?(\[[0-9a-f:.]{2,45}\]|[^\s:[\]]{1,255}):(\*|[1-9]\d{0,4})$/.exec(text);
  if (match === null) return null;
  const [, verbs, rawHost = '', rawPort = ''] = match;
  const host = readHost(rawHost);
  const port = rawPort === '*' ? 0 : Number(rawPort);
  const list = verbs === undefined ? null : verbs.split(',');
  const badMethods =
    list !== null && (list.some((verb) => !methods.has(verb)) || new Set(list).size !== list.length);
  return host === null || port > 65_535 || badMethods ? null : { host, port, methods: list };
}

export function formatEndpoint({ host, port, methods: verbs }: Endpoint): string {
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '*' : port}`;
  return verbs === null ? shown : `${verbs.join(',')} ${shown}`;
}

/** Whether whoever may reach `wide` may reach all of `narrow`. */
export function endpointCovers(wide: Endpoint, narrow: Endpoint): boolean {
  const { methods: verbs } = narrow;
  return (
    hostCovers(wide.host, narrow.host) &&
    (wide.port === 0 || wide.port === narrow.port) &&
    (wide.methods === null || (verbs !== null && verbs.every((verb) => wide.methods?.includes(verb))))
  );
}

/**
 * `*` stands for public names and addresses: it covers neither `localhost` nor an address, which an endpoint has to name
 * literally. Whether a name resolves to a private address is the broker's to find out.
 */
export function hostCovers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  if (wide === '*') return !isAddress(narrow) && !isLocalName(narrow);
  if (!wide.startsWith('*.')) return false;
  const suffix = wide.slice(1);
  return narrow.startsWith('*.') ? narrow.slice(1).endsWith(suffix) : narrow.endsWith(suffix);
}

/** Names that mean the machine itself. */
export function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

export function isAddress(host: string): boolean {
  return host.includes(':') || isIPv4(host);
}

function readHost(raw: string): string | null {
  if (raw === '*') return raw;
  if (raw.startsWith('[')) return readIPv6(raw.slice(1, -1));
  const plain = raw.startsWith('*.') ? raw.slice(2) : raw;
  if (plain.length > 253 || !name.test(plain)) return null;
  // `*.com` is half of the world, and no pattern is made of addresses.
  if (plain !== raw && (!plain.includes('.') || isLocalName(plain))) return null;
  // 127.1, 0x7f.0.0.1 and 2130706433 are addresses to a resolver: only four plain numbers are one here.
  const last = plain.slice(plain.lastIndexOf('.') + 1);
  const numeric = /^(?:\d+|0x[0-9a-f]*)$/.test(last);
  return numeric && (plain !== raw || !isIPv4(plain)) ? null : raw;
}

function readIPv6(text: string): string | null {
  const url = URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`) : null;
  // An IPv4 address in IPv6 clothes would be a second spelling of the same thing.
  return url?.hostname === `[${text}]` && !text.startsWith('::ffff:') ? text : null;
}
