import type { BucketFinding, BucketOptions } from '../bucket.ts';
import { HttpClient, type HttpAnswer } from '../http/client.ts';
import { errorOf } from '../object/answers.ts';
import type { Draft } from '../object/dialect.ts';
import { payloadOfBytes } from '../object/payload.ts';
import { defaultRetryPolicy, repeated } from '../object/retry.ts';
import { conditionalWrites, probeConditionalWrites } from '../probe.ts';
import type { BucketAddress } from '../uri.ts';
import { gcsRefusal } from './dialect.ts';
import { jsonAt } from './json.ts';
import { openGcs } from './open.ts';
import { gcsSettings } from './settings.ts';
import { gcsSign } from './token.ts';

const wanted = {
  versioning: { enabled: true },
  iamConfiguration: { publicAccessPrevention: 'enforced', uniformBucketLevelAccess: { enabled: true } },
};

/** The bucket, its versions and its access; what lies in it is always encrypted. */
export async function inspectGcs(
  address: BucketAddress,
  options: BucketOptions,
  mend: boolean,
): Promise<readonly BucketFinding[]> {
  const env = options.env ?? process.env;
  const settings = gcsSettings(address);
  const { base, bucket, description } = settings;
  const client = new HttpClient({ env, onRequest: options.onRequest });
  const sign = gcsSign(settings, env);
  const ask = (
    method: 'GET' | 'POST',
    path: string,
    query: Draft['query'],
    body?: object,
  ): Promise<HttpAnswer> =>
    repeated(defaultRetryPolicy, description, options.signal, async () => {
      const payload = body === undefined ? null : payloadOfBytes(Buffer.from(JSON.stringify(body)));
      const headers = { 'content-type': 'application/json', 'content-length': String(payload?.length ?? 0) };
      const draft: Draft = {
        method,
        path,
        ...(query === undefined ? {} : { query }),
        ...(payload === null ? {} : { payload, headers }),
      };
      const answer = await client.exchange(await sign(draft), options.signal);
      if (answer.status < 300 || answer.status === 404 || answer.status === 403) return answer;
      const refusal = await gcsRefusal(answer, draft, undefined, description, () => Promise.resolve());
      throw errorOf(refusal, description, answer);
    });

  const exists = { check: 'exists', required: true } as const;
  const project = env['GOOGLE_CLOUD_PROJECT'] ?? '';
  let found = await ask('GET', `${base}/storage/v1/b/${bucket}`, undefined);
  const wasThere = found.status !== 404;
  if (!wasThere) {
    const run = `gcloud storage buckets create gs://${bucket} --uniform-bucket-level-access --public-access-prevention`;
    const missing = { ...exists, state: 'missing', run } as const;
    if (!mend) return [{ ...missing, message: `there is no bucket ${bucket}` }];
    if (project === '')
      return [{ ...missing, message: `there is no bucket ${bucket}, and GOOGLE_CLOUD_PROJECT is not set` }];
    const made = await ask('POST', `${base}/storage/v1/b`, [['project', project]], {
      name: bucket,
      ...wanted,
    });
    if (made.status >= 300)
      return [{ ...missing, message: `there is no bucket ${bucket}, and we may not make it` }];
    found = made;
  }
  const problem = await probeConditionalWrites(openGcs(address, options), options);
  const state = (good: boolean): BucketFinding['state'] =>
    found.status === 403 ? 'unknown' : good ? 'ok' : 'missing';
  const versions = state(jsonAt(found.bytes, 'versioning', 'enabled') === true);
  const access = state(jsonAt(found.bytes, 'iamConfiguration', 'publicAccessPrevention') === 'enforced');
  const update = `gcloud storage buckets update gs://${bucket}`;
  return [
    { ...exists, state: wasThere ? 'ok' : 'mended', message: `${bucket} is there` },
    conditionalWrites(problem),
    {
      check: 'versioning',
      required: false,
      state: versions,
      message: versions === 'ok' ? 'versions are kept' : 'what is overwritten or deleted may be gone',
      ...(versions === 'ok' ? {} : { run: `${update} --versioning` }),
    },
    { check: 'encryption', required: false, state: 'ok', message: 'objects are encrypted, always' },
    {
      check: 'public-access',
      required: false,
      state: access,
      message:
        access === 'ok'
          ? 'public access is prevented'
          : 'a mistaken policy could open the bucket to everybody',
      ...(access === 'ok' ? {} : { run: `${update} --public-access-prevention` }),
    },
  ];
}
