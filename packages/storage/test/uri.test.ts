import { describe, expect, test } from 'vitest';
import { openStorage, parseStoreUri } from '@ragnos/storage';
import { tmp } from './tmp.ts';

const badUri: unknown = expect.objectContaining({ name: 'StorageError', code: 'STORAGE_BAD_URI' });
const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1' };

describe('addresses', () => {
  test('of S3', () =>
    expect(parseStoreUri('s3://my.bucket/a%20b/c/?region=eu-west-1&path-style=true')).toEqual({
      scheme: 's3',
      uri: 's3://my.bucket/a%20b/c/?region=eu-west-1&path-style=true',
      bucket: 'my.bucket',
      prefix: 'a b/c/',
      parameters: new Map([
        ['region', 'eu-west-1'],
        ['path-style', 'true'],
      ]),
    }));
  test('of GCS', () =>
    expect(parseStoreUri('gcs://b_1')).toMatchObject({ scheme: 'gcs', bucket: 'b_1', prefix: '' }));
  test('of Azure', () =>
    expect(parseStoreUri('azure://account1/container-1/vault')).toMatchObject({
      scheme: 'azure',
      account: 'account1',
      bucket: 'container-1',
      prefix: 'vault/',
    }));
  test('of folders', () => {
    expect(parseStoreUri('public')).toEqual({ scheme: 'file', folder: 'public' });
    expect(parseStoreUri('C:\\vault')).toEqual({ scheme: 'file', folder: 'C:\\vault' });
    expect(parseStoreUri('file:///srv/vault')).toMatchObject({
      scheme: 'file',
      folder: new URL('file:///srv/vault'),
    });
  });

  const bad: Readonly<Record<string, string>> = {
    empty: '',
    'another scheme': 'ftp://host/path',
    'no bucket': 's3:///prefix',
    'a bucket with capitals': 's3://Bucket',
    'a port': 's3://bucket:9000/prefix',
    'a password': 's3://key:secret@bucket/prefix',
    'a fragment': 's3://bucket/prefix#x',
    'an unknown parameter': 's3://bucket?secret=x',
    'a parameter given twice': 's3://bucket?region=a&region=b',
    'a parameter of another scheme': 'gcs://bucket?region=x',
    'a prefix that leads out': 's3://bucket/a/%2E%2E%2Fb',
    'a prefix with an empty segment': 's3://bucket/a//b',
    'a prefix with a broken escape': 's3://bucket/%ff',
    'an account that is none': 'azure://Account/container',
    'no container': 'azure://account1',
    'parameters on a folder': 'file:///srv?create=true',
  };
  for (const [name, uri] of Object.entries(bad))
    test(`${name} is refused`, () => expect(() => parseStoreUri(uri)).toThrow(badUri));
  test('a password is not repeated in the message', () => {
    expect(() => parseStoreUri('s3://key:hunter2@bucket')).toThrow(badUri);
    expect(() => parseStoreUri('s3://key:hunter2@bucket')).not.toThrow(/hunter2/);
  });
});

describe('openStorage', () => {
  test('a folder, relative to a base', async () => {
    const base = tmp();
    expect((await openStorage('public', { base })).description).toBe(`file://${base}/public`);
    expect((await openStorage(`file://${base}/x`)).description).toBe(`file://${base}/x`);
  });
  test('S3 says where it is, without parameters', async () =>
    expect((await openStorage('s3://bucket/vault?region=eu-west-1', { env })).description).toBe(
      's3://bucket/vault',
    ));

  const bad: Readonly<Record<string, string>> = {
    'no region': 's3://bucket',
    'a region that is none': 's3://bucket?region=../x',
    'an endpoint that is none': 's3://bucket?endpoint=localhost:9000',
    'an endpoint with a password': 's3://bucket?endpoint=https://a:b@host',
    'an endpoint without TLS, off this machine': 's3://bucket?endpoint=http://10.0.0.1:9000',
    'path-style that is neither true nor false': 's3://bucket?region=a&path-style=yes',
    'an unknown encryption': 's3://bucket?region=a&sse=rot13',
    'a key without its encryption': 's3://bucket?region=a&kms-key=x',
    'a lock without days': 's3://bucket?region=a&lock=governance',
    'an unknown lock': 's3://bucket?region=a&lock=soft&lock-days=1',
  };
  for (const [name, uri] of Object.entries(bad))
    test(`${name} is refused`, () =>
      expect(openStorage(uri, { env: { ...env, AWS_REGION: undefined } })).rejects.toThrow(badUri));
  test('http off this machine is had by asking for it', async () =>
    expect(
      (await openStorage('s3://bucket?endpoint=http://10.0.0.1:9000&allow-http=true', { env })).description,
    ).toBe('s3://bucket'));
  test('half a pair of credentials is refused', () =>
    expect(openStorage('s3://bucket', { env: { ...env, AWS_SECRET_ACCESS_KEY: '' } })).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
    }));
});
