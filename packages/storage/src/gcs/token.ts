import { StorageError } from '../errors.ts';
import type { Environment } from '../open.ts';
import type { HttpRequest } from '../http/client.ts';
import type { Sign } from '../object/caller.ts';
import { construct, optionalPackage } from '../optional.ts';
import { queryString } from '../s3/sigv4.ts';
import type { GcsSettings } from './settings.ts';

const packageName = 'google-auth-library';
const scopes = ['https://www.googleapis.com/auth/devstorage.full_control'];

/** With the environment's token, else with one that Google's library finds and renews. */
export function gcsSign(settings: GcsSettings, env: Environment): Sign {
  const fixed = env['GOOGLE_OAUTH_ACCESS_TOKEN'] ?? '';
  const token = fixed === '' ? foundToken() : (): Promise<string> => Promise.resolve(fixed);
  return async (draft) => {
    const { method, path, query = [], payload } = draft;
    const headers = { ...draft.headers, authorization: `Bearer ${await token()}` };
    const search = query.length === 0 ? '' : `?${queryString(query)}`;
    const request: HttpRequest = { method, origin: settings.origin, path: `${path}${search}`, headers };
    return payload === undefined ? request : { ...request, body: payload.body() };
  };
}

function foundToken(): () => Promise<string> {
  let held: ReturnType<typeof construct> | null = null;
  return async () => {
    const sdk = optionalPackage(
      packageName,
      'finding Google credentials outside the environment',
      'set GOOGLE_OAUTH_ACCESS_TOKEN',
    );
    held ??= construct(sdk, 'GoogleAuth', { scopes });
    let token: unknown;
    try {
      token = await held.call('getAccessToken');
    } catch (error) {
      throw new StorageError('STORAGE_DENIED', 'no Google credentials were found', {
        hint: 'set GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login',
        cause: error,
      });
    }
    if (typeof token === 'string' && token !== '') return token;
    throw new StorageError('STORAGE_DENIED', `${packageName} found no token`);
  };
}
