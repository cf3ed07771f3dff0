import { StorageError } from './errors.ts';
import { storageKey } from './key.ts';

/** The address of a store, taken apart. It never holds a secret: credentials come from the environment. */
export type StoreAddress =
  | { readonly scheme: 'file'; readonly folder: string | URL }
  | ({ readonly scheme: 's3' } & BucketAddress)
  | ({ readonly scheme: 'gcs' } & BucketAddress)
  | ({ readonly scheme: 'azure'; readonly account: string } & BucketAddress);

export interface BucketAddress {
  /** As it was given. */
  readonly uri: string;
  /** The bucket; for Azure the container. */
  readonly bucket: string;
  /** Before every key: empty, or segments with a slash at the end. */
  readonly prefix: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What may follow the question mark, for each scheme. */
export const storeParameters = {
  file: [],
  s3: ['endpoint', 'region', 'path-style', 'allow-http', 'sse', 'kms-key', 'lock', 'lock-days'],
  gcs: ['endpoint', 'allow-http'],
  azure: ['endpoint', 'allow-http'],
} as const satisfies Record<StoreAddress['scheme'], readonly string[]>;

const bucketNames = {
  s3: /^[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]$/,
  gcs: /^[a-z0-9](?:[a-z0-9._-]{1,220})[a-z0-9]$/,
  azure: /^(?:\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/,
} as const;
const accountName = /^[a-z0-9]{3,24}$/;

/**
 * `s3://bucket/prefix?…`, `gcs://bucket/prefix?…`, `azure://account/container/prefix?…`, `file:///folder`, or the path of a
 * folder. Throws STORAGE_BAD_URI, also for a parameter that nobody knows and for a password in the address.
 */
export function parseStoreUri(uri: string): StoreAddress {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) {
    if (uri === '' || uri.includes('\0')) throw badUri(uri, 'it is no path of a folder');
    return { scheme: 'file', folder: uri };
  }
  const url = URL.parse(uri);
  if (url === null) throw badUri(uri, 'it is no URL');
  if (url.username !== '' || url.password !== '')
    throw badUri(withoutSecrets(url), 'it carries a user name or password', {
      hint: 'credentials come from the environment, never from the address',
    });
  if (url.hash !== '') throw badUri(uri, 'it has a fragment (#)');
  const scheme = url.protocol.slice(0, -1);
  switch (scheme) {
    case 'file':
      parametersOf(uri, url, scheme);
      return { scheme, folder: new URL(url.pathname, url) };
    case 's3':
    case 'gcs':
      return { scheme, ...bucketOf(uri, url, scheme, hostOf(uri, url), url.pathname.slice(1)) };
    case 'azure': {
      const account = hostOf(uri, url);
      if (!accountName.test(account)) throw badUri(uri, `${account} is no name of a storage account`);
      const [, container = '', rest = ''] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
      return { scheme, account, ...bucketOf(uri, url, scheme, container, rest) };
    }
    default:
      throw badUri(uri, `there is no driver for ${scheme}:`, {
        hint: 'known are s3://bucket/prefix, gcs://bucket/prefix, azure://account/container/prefix, file:///folder and plain folders',
      });
  }
}

/** A parameter that is `true` or `false`; `undefined`: not given. Throws STORAGE_BAD_URI. */
export function flagParameter({ uri, parameters }: BucketAddress, name: string): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || value === 'true' || value === 'false')
    return value === undefined ? undefined : value === 'true';
  throw badUri(uri, `${name} is true or false, not ${JSON.stringify(value)}`);
}

/** The origin, and path where there is one, that requests go to instead of the provider's. Throws STORAGE_BAD_URI. */
export function endpointOf(address: BucketAddress, standard: string): URL {
  const given = address.parameters.get('endpoint') ?? standard;
  const url = URL.parse(given);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw badUri(address.uri, `its endpoint ${JSON.stringify(given)} is no http or https URL`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw badUri(withoutSecrets(url), 'an endpoint is scheme, host, port and path, and nothing else');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && flagParameter(address, 'allow-http') !== true)
    throw badUri(address.uri, 'its endpoint is http without TLS', {
      hint: 'use https, or add allow-http=true where the network itself is trusted',
    });
  return url;
}

export function badUri(uri: string, problem: string, options: { readonly hint?: string } = {}): StorageError {
  const shown = uri.length > 200 ? `${uri.slice(0, 200)}…` : uri;
  return new StorageError(
    'STORAGE_BAD_URI',
    `${JSON.stringify(shown)} is no address of a store: ${problem}`,
    options,
  );
}

function bucketOf(
  uri: string,
  url: URL,
  scheme: 's3' | 'gcs' | 'azure',
  bucket: string,
  path: string,
): BucketAddress {
  if (!bucketNames[scheme].test(bucket))
    throw badUri(
      uri,
      `${JSON.stringify(bucket)} is no name of a ${scheme === 'azure' ? 'container' : 'bucket'}`,
    );
  return { uri, bucket, prefix: prefixOf(uri, path), parameters: parametersOf(uri, url, scheme) };
}

function prefixOf(uri: string, path: string): string {
  const raw = path.replace(/\/$/, '');
  if (raw === '') return '';
  try {
    return `${storageKey(decodeURIComponent(raw))}/`;
  } catch (error) {
    throw badUri(uri, error instanceof StorageError ? error.message : 'its path is not encoded properly');
  }
}

function parametersOf(uri: string, url: URL, scheme: StoreAddress['scheme']): ReadonlyMap<string, string> {
  const known: readonly string[] = storeParameters[scheme];
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!known.includes(name))
      throw badUri(uri, `there is no parameter ${JSON.stringify(name)}`, {
        hint: known.length === 0 ? 'a folder has none' : `known are ${known.join(', ')}`,
      });
    if (parameters.has(name)) throw badUri(uri, `${name} is given twice`);
    parameters.set(name, value);
  }
  return parameters;
}

/** The host with the case it was given in: of a scheme that is not the web's, URL keeps it. */
function hostOf(uri: string, url: URL): string {
  if (url.port !== '') throw badUri(uri, 'it has a port', { hint: 'another server is named by endpoint=' });
  return url.hostname;
}

function withoutSecrets(url: URL): string {
  return `${url.protocol}//…@${url.host}${url.pathname}`;
}

/** Addresses that never leave the machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}
