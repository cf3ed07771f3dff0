import type { BucketFinding, BucketOptions } from '../bucket.ts';
import { HttpClient, type HttpAnswer } from '../http/client.ts';
import { errorOf } from '../object/answers.ts';
import type { Draft } from '../object/dialect.ts';
import { payloadOfBytes } from '../object/payload.ts';
import { defaultRetryPolicy, repeated } from '../object/retry.ts';
import { conditionalWrites, probeConditionalWrites } from '../probe.ts';
import { azureRefusal } from './dialect.ts';
import { openAzure } from './open.ts';
import { azureSettings, type AzureAddress } from './settings.ts';
import { azureSign } from './sign.ts';

/**
 * The container, and whether anybody may read it. Versions, immutability and encryption are settings of the account, which
 * the service itself does not tell; docs/storage.md has the commands.
 */
export async function inspectAzure(
  address: AzureAddress,
  options: BucketOptions,
  mend: boolean,
): Promise<readonly BucketFinding[]> {
  const env = options.env ?? process.env;
  const settings = azureSettings(address);
  const client = new HttpClient({ env, onRequest: options.onRequest });
  const sign = azureSign(settings, env);
  const { account, container, description } = settings;
  const ask = (method: 'GET' | 'PUT'): Promise<HttpAnswer> =>
    repeated(defaultRetryPolicy, description, options.signal, async () => {
      const draft: Draft = {
        method,
        path: settings.base,
        query: [['restype', 'container']],
        ...(method === 'PUT'
          ? { headers: { 'content-length': '0' }, payload: payloadOfBytes(new Uint8Array(0)) }
          : {}),
      };
      const answer = await client.exchange(await sign(draft), options.signal);
      if (answer.status < 300 || answer.status === 404) return answer;
      const refusal = azureRefusal(answer, draft, undefined, description);
      throw errorOf(refusal, description, answer);
    });

  const exists = { check: 'exists', required: true } as const;
  const run = `az storage container create --account-name ${account} --name ${container}`;
  const found = await ask('GET');
  if (found.status === 404) {
    if (!mend) return [{ ...exists, state: 'missing', message: `there is no container ${container}`, run }];
    await ask('PUT');
  }
  const storage = openAzure(address, options);
  const problem = await probeConditionalWrites(storage, options);
  const open = found.header('x-ms-blob-public-access');
  return [
    { ...exists, state: found.status === 404 ? 'mended' : 'ok', message: `${container} is there` },
    conditionalWrites(problem),
    {
      check: 'versioning',
      required: false,
      state: 'unknown',
      message: 'a setting of the account, which the blob service does not tell',
      run: `az storage account blob-service-properties update --account-name ${account} --enable-versioning true`,
    },
    open === undefined
      ? {
          check: 'public-access',
          required: false,
          state: 'ok',
          message: 'nobody reads it without credentials',
        }
      : {
          check: 'public-access',
          required: false,
          state: 'missing',
          message: `everybody may read it (${open}); serve it through a CDN or ragv serve`,
          run: `az storage container set-permission --account-name ${account} --name ${container} --public-access off`,
        },
  ];
}
