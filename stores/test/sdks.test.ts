/** Credentials that the providers' own packages find, as on a machine in their clouds; what hands them out runs here. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../interop/lib/run.ts';
import { told } from '../lib/told.ts';

interface Heard {
  readonly url: string;
  readonly authorization: string;
  readonly token: string;
}
const later = new Date(Date.now() + 3_600_000).toISOString();
const heard: Heard[] = [];
let server: Server;
let origin = '';

/** What the clouds' own servers answer to a machine that asks who it is. */
const identities: readonly (readonly [path: string, answer: object])[] = [
  ['/aws', { AccessKeyId: 'ASIAFOUND', SecretAccessKey: 'found', Token: 'session', Expiration: later }],
  [
    '/computeMetadata/v1/instance/service-accounts/default/token',
    { access_token: 'google-found', expires_in: 3600, token_type: 'Bearer' },
  ],
  [
    '/azure',
    {
      access_token: 'azure-found',
      expires_on: String(Date.now() / 1000 + 3600),
      resource: 'https://storage.azure.com',
      token_type: 'Bearer',
    },
  ],
];

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = request.url ?? '';
    const { authorization = '' } = request.headers;
    const identity = identities.find(([path]) => url.startsWith(path))?.[1];
    if (identity !== undefined || url.startsWith('/computeMetadata'))
      return void response
        .writeHead(200, { 'content-type': 'application/json', 'metadata-flavor': 'Google' })
        .end(identity === undefined ? '' : JSON.stringify(identity));
    heard.push({ url, authorization, token: String(request.headers['x-amz-security-token'] ?? '') });
    const absent = '<Error><Code>NoSuchKey</Code></Error>';
    response
      .writeHead(404, { 'x-ms-error-code': 'BlobNotFound', 'content-length': absent.length })
      .end(absent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  origin = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
});
afterAll(() => void server.close());

async function ask(uri: string, env: Readonly<Record<string, string>>): Promise<string> {
  const empty = mkdtempSync(join(tmpdir(), 'home-'));
  const nothing = {
    HOME: empty,
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AZURE_STORAGE_KEY: '',
    GOOGLE_OAUTH_ACCESS_TOKEN: '',
  };
  const program = join(import.meta.dirname, '../sdks/ask.ts');
  const args = ['--conditions=@ragnos/source', program, told('RAGV_TEST_SDKS'), uri];
  const ran = await run(process.execPath, args, { env: { ...nothing, ...env }, timeoutMs: 60_000 });
  return `${ran.stdout}${ran.stderr}`.trim();
}

describe('found by', () => {
  test('@aws-sdk/credential-provider-node', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/aws`, AWS_EC2_METADATA_DISABLED: 'true' };
    expect(await ask(`s3://bucket?endpoint=${origin}`, env)).toBe('null');
    expect(heard.at(-1)).toMatchObject({
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=ASIAFOUND\//) as unknown,
      token: 'session',
    });
  });
  test('google-auth-library', async () => {
    const host = new URL(origin).host;
    const env = {
      GCE_METADATA_HOST: host,
      METADATA_SERVER_DETECTION: 'assume-present',
      GOOGLE_CLOUD_PROJECT: 'p',
    };
    expect(await ask(`gcs://bucket?endpoint=${origin}`, env)).toBe('null');
    expect(heard.at(-1)?.authorization).toBe('Bearer google-found');
  });
  test('@azure/identity', async () => {
    const env = {
      IDENTITY_ENDPOINT: `${origin}/azure`,
      IDENTITY_HEADER: 'x',
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    };
    expect(await ask(`azure://account1/container?endpoint=${origin}`, env)).toBe('null');
    expect(heard.at(-1)?.authorization).toBe('Bearer azure-found');
  });
});

describe('not found: denied, with what to do', () => {
  const nowhere = {
    AWS_EC2_METADATA_DISABLED: 'true',
    METADATA_SERVER_DETECTION: 'none',
    AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
  };
  const uris = ['s3://bucket?endpoint=', 'gcs://bucket?endpoint=', 'azure://account1/container?endpoint='];
  for (const uri of uris)
    test(`by the driver of ${uri.split(':')[0]}`, async () => {
      expect(await ask(`${uri}${origin}`, nowhere)).toMatch(
        /^STORAGE_DENIED: no \w+ credentials were found$/,
      );
    });
});
