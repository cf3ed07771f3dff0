/** Invalidations on a server that reads CloudFront's documents. */
import { beforeAll, expect, test } from 'vitest';
import { cloudFront, storageKey } from '@ragnos/storage';
import { told } from '../lib/told.ts';
import { signV4 } from '../../packages/storage/src/s3/sigv4.ts';

const endpoint = told('RAGV_TEST_CLOUDFRONT');
const key = storageKey('metadata/timestamp.json');
const digest = 'a'.repeat(64);
let distribution = '';

async function ask(method: string, path: string, body = ''): Promise<string> {
  const credentials = {
    accessKeyId: told('AWS_ACCESS_KEY_ID'),
    secretAccessKey: told('AWS_SECRET_ACCESS_KEY'),
  };
  const host = new URL(endpoint).host;
  const headers = signV4(
    { method, path, query: [], headers: { host }, payloadHash: '' },
    { credentials, region: 'us-east-1', service: 'cloudfront', now: new Date() },
  );
  const answer = await fetch(`${endpoint}${path}`, { method, headers, ...(body === '' ? {} : { body }) });
  return answer.text();
}

beforeAll(async () => {
  const origin =
    '<Origin><Id>o</Id><DomainName>b.s3.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin>';
  const behaviour =
    '<DefaultCacheBehavior><TargetOriginId>o</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy></DefaultCacheBehavior>';
  const config = `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>test</CallerReference><Origins><Quantity>1</Quantity><Items>${origin}</Items></Origins>${behaviour}<Comment>x</Comment><Enabled>true</Enabled></DistributionConfig>`;
  distribution =
    /<Id>([A-Z0-9]+)<\/Id>/.exec(await ask('POST', '/2020-05-31/distribution', config))?.[1] ?? '';
});

test('an invalidation is made, of the path and with the reference that repeats', async () => {
  const purger = cloudFront({ distribution, endpoint });
  await purger.purge([key], digest);
  await purger.purge([key], digest);
  const list = await ask('GET', `/2020-05-31/distribution/${distribution}/invalidation`);
  const ids = [...list.matchAll(/<Id>([A-Z0-9]+)<\/Id>/g)].map((match) => match[1] ?? '');
  expect(ids.length).toBeGreaterThan(0); // 2: the real one makes one of them
  const references = new Set<string | undefined>();
  for (const id of ids) {
    const one = await ask('GET', `/2020-05-31/distribution/${distribution}/invalidation/${id}`);
    expect(one).toContain('<Path>/metadata/timestamp.json</Path>');
    references.add(/<CallerReference>(.*)<\/CallerReference>/.exec(one)?.[1]);
  }
  expect(references.size).toBe(1);
});

test('a distribution that is not there is said', () =>
  expect(cloudFront({ distribution: 'ENOTTHERE', endpoint }).purge([key], digest)).rejects.toMatchObject({
    code: 'STORAGE_BAD_URI',
  }));
