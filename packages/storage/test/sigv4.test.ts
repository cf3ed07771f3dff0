/** AWS's published examples of Signature Version 4 for S3, against what signs in the driver and what judges in the stand-in. */
import { describe, expect, test } from 'vitest';
import { encoded, encodedPath, queryString, signV4, type SigV4Request } from '../src/s3/sigv4.ts';
import { signatureFault } from './stand-in/sigv4.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = new Date('2013-05-24T00:00:00Z');
const host = 'examplebucket.s3.amazonaws.com';
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const account = { ...credentials, region: 'us-east-1', service: 's3' };

interface Example {
  readonly request: SigV4Request;
  readonly signature: string;
}
const putObject: Example = {
  request: {
    method: 'PUT',
    path: '/test%24file.text',
    query: [],
    headers: {
      host,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    payloadHash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
  },
  signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
};
const examples: Readonly<Record<string, Example>> = {
  'GET object, with a range': {
    request: {
      method: 'GET',
      path: '/test.txt',
      query: [],
      headers: { host, range: 'bytes=0-9', 'x-amz-content-sha256': empty },
      payloadHash: empty,
    },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  'PUT object': putObject,
  'GET bucket lifecycle': {
    request: {
      method: 'GET',
      path: '/',
      query: [['lifecycle', '']],
      headers: { host, 'x-amz-content-sha256': empty },
      payloadHash: empty,
    },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  'GET bucket (list objects)': {
    request: {
      method: 'GET',
      path: '/',
      query: [
        ['prefix', 'J'],
        ['max-keys', '2'],
      ],
      headers: { host, 'x-amz-content-sha256': empty },
      payloadHash: empty,
    },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
};

const signed = (request: SigV4Request): Record<string, string> =>
  signV4(request, { credentials, region: 'us-east-1', service: 's3', now });
const asAsked = (request: SigV4Request, headers: Readonly<Record<string, string>>) => ({
  method: request.method,
  path: request.path,
  search: queryString(request.query),
  query: new Map(request.query),
  headers: new Map(Object.entries(headers)),
  body: Buffer.alloc(0),
});

for (const [name, { request, signature }] of Object.entries(examples))
  describe(`example ${name}`, () => {
    test('is signed as AWS signs it', () =>
      expect(signed(request)['authorization']).toMatch(new RegExp(`Signature=${signature}$`)));
    test('is accepted by the stand-in', () =>
      expect(signatureFault(asAsked(request, signed(request)), account, now)).toBeNull());
    const changed: Record<string, (headers: Record<string, string>) => ReturnType<typeof asAsked>> = {
      'another method': (headers) => ({ ...asAsked(request, headers), method: 'DELETE' }),
      'another path': (headers) => ({ ...asAsked(request, headers), path: '/other.txt' }),
      'another query': (headers) => ({ ...asAsked(request, headers), search: 'acl=' }),
      'another digest of the body': (headers) =>
        asAsked(request, { ...headers, 'x-amz-content-sha256': '0'.repeat(64) }),
    };
    for (const [what, change] of Object.entries(changed))
      test(`with ${what} is refused by the stand-in`, () =>
        expect(signatureFault(change(signed(request)), account, now)).toBe('SignatureDoesNotMatch'));
  });

test('a session token is sent and signed', () => {
  const headers = signV4(
    { method: 'GET', path: '/', query: [], headers: { host }, payloadHash: empty },
    { credentials: { ...credentials, sessionToken: 'token' }, region: 'us-east-1', service: 's3', now },
  );
  expect(headers['x-amz-security-token']).toBe('token');
  expect(headers['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
});

test('a header that the stand-in must see signed and does not is refused', () => {
  const { request } = putObject;
  const headers = { ...signed(request), 'x-amz-object-lock-mode': 'GOVERNANCE' };
  expect(signatureFault(asAsked(request, headers), account, now)).toBe('AccessDenied');
});

test('a clock that is 16 minutes off is refused', () => {
  const { request } = putObject;
  const late = new Date(now.getTime() + 16 * 60_000);
  expect(signatureFault(asAsked(request, signed(request)), account, late)).toBe('RequestTimeTooSkewed');
});

test('names are encoded byte by byte; slashes stay in paths only', () => {
  expect(encoded("a b/!'()*~-._ü")).toBe('a%20b%2F%21%27%28%29%2A~-._%C3%BC');
  expect(encodedPath('a+b/ü c')).toBe('a%2Bb/%C3%BC%20c');
});

test('a query is sorted by its encoded names, then values', () =>
  expect(
    queryString([
      ['b', '2'],
      ['a', 'y'],
      ['a', 'x'],
      ['ü', ''],
    ]),
  ).toBe('%C3%BC=&a=x&a=y&b=2'));
