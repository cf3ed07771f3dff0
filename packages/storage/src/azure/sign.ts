import { createHmac } from 'node:crypto';
import type { Environment } from '../open.ts';
import { StorageError } from '../errors.ts';
import type { HttpRequest } from '../http/client.ts';
import type { Sign } from '../object/caller.ts';
import type { Draft } from '../object/dialect.ts';
import { construct, memberOf, optionalPackage } from '../optional.ts';
import { queryString } from '../s3/sigv4.ts';
import type { AzureSettings } from './settings.ts';

/** The oldest version of the service that has everything used here; azurite knows it too. */
export const serviceVersion = '2021-12-02';

const packageName = '@azure/identity';
const scope = 'https://storage.azure.com/.default';
const renewBeforeMs = 5 * 60_000;

/** With the account's key where the environment has it, else with a token of whoever runs us. */
export function azureSign(settings: AzureSettings, env: Environment): Sign {
  const key = env['AZURE_STORAGE_KEY'] ?? '';
  const authorize = key === '' ? tokenAuthorization() : keyAuthorization(settings, key);
  return async (draft) => {
    const { method, path, query = [], payload } = draft;
    const headers: Record<string, string> = {
      'x-ms-version': serviceVersion,
      'x-ms-date': new Date().toUTCString(),
      ...draft.headers,
    };
    headers['authorization'] = await authorize(draft, headers);
    const search = query.length === 0 ? '' : `?${queryString(query)}`;
    const request: HttpRequest = { method, origin: settings.origin, path: `${path}${search}`, headers };
    return payload === undefined ? request : { ...request, body: payload.body() };
  };
}

type Authorize = (draft: Draft, headers: Readonly<Record<string, string>>) => Promise<string>;

const signedHeaders = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
];

/** "Shared Key": an HMAC of the request under the account's key, which is never sent. */
function keyAuthorization({ account }: AzureSettings, key: string): Authorize {
  if (!/^[A-Za-z0-9+/]{43,}={0,2}$/.test(key))
    throw new StorageError('STORAGE_DENIED', 'AZURE_STORAGE_KEY is not the key of an account: not base64');
  const secret = Buffer.from(key, 'base64');
  return (draft, headers) => {
    const text = stringToSign(account, draft, headers);
    const signature = createHmac('sha256', secret).update(text).digest('base64');
    return Promise.resolve(`SharedKey ${account}:${signature}`);
  };
}

function stringToSign(
  account: string,
  { method, path, query = [] }: Draft,
  headers: Readonly<Record<string, string>>,
): string {
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-ms-'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const parameters = query.map(([name, value]) => `\n${name}:${value}`).toSorted();
  const standard = signedHeaders.map((name) => {
    const value = headers[name] ?? '';
    return name === 'content-length' && value === '0' ? '' : value;
  });
  return `${[method, ...standard].join('\n')}\n${own.join('')}/${account}${path}${parameters.join('')}`;
}

/** Whatever `@azure/identity` finds: a workload's or a machine's identity, the command line's login, variables. */
function tokenAuthorization(): Authorize {
  let held: Promise<{ readonly token: string; readonly until: number }> | null = null;
  return async () => {
    held ??= findToken();
    try {
      let found = await held;
      if (found.until < Date.now()) {
        held = findToken();
        found = await held;
      }
      return `Bearer ${found.token}`;
    } catch (error) {
      held = null;
      throw error;
    }
  };
}

async function findToken(): Promise<{ readonly token: string; readonly until: number }> {
  const sdk = optionalPackage(
    packageName,
    'finding Azure credentials outside the environment',
    'set AZURE_STORAGE_KEY',
  );
  let found: unknown;
  try {
    found = await construct(sdk, 'DefaultAzureCredential').call('getToken', scope);
  } catch (error) {
    throw new StorageError('STORAGE_DENIED', 'no Azure credentials were found', {
      hint: 'set AZURE_STORAGE_KEY, log in with az login, or run with an identity',
      cause: error,
    });
  }
  const token = memberOf(found, 'token');
  const until = memberOf(found, 'expiresOnTimestamp');
  if (typeof token !== 'string') throw new StorageError('STORAGE_DENIED', `${packageName} found no token`);
  return { token, until: typeof until === 'number' ? until - renewBeforeMs : Date.now() + renewBeforeMs };
}
