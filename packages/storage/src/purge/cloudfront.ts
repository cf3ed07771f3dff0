import { createHash } from 'node:crypto';
import { StorageError } from '../errors.ts';
import type { HttpRequest } from '../http/client.ts';
import { quoted } from '../object/answers.ts';
import { awsCredentials } from '../s3/credentials.ts';
import { encodedPath, signV4 } from '../s3/sigv4.ts';
import { parseXml, xmlEscaped, xmlText } from '../xml.ts';
import { purgeRequests, purgeUrl, type Purger, type PurgerOptions } from './purger.ts';

export interface CloudFrontOptions extends PurgerOptions {
  /** Its id, like `E1A2B3C4D5E6F7`. */
  readonly distribution: string;
  /** What comes before the keys in the paths that clients ask for. Default: nothing. */
  readonly prefix?: string;
  /** Instead of Amazon's. */
  readonly endpoint?: string;
}

/**
 * CloudFront's invalidations. The caller's reference is derived from what is purged, so that a repeated purge is the same
 * invalidation and not another one. Credentials as for S3; it takes `cloudfront:CreateInvalidation`.
 */
export function cloudFront(options: CloudFrontOptions): Purger {
  const {
    distribution,
    prefix = '',
    endpoint = 'https://cloudfront.amazonaws.com',
    env = process.env,
  } = options;
  const origin = purgeUrl(endpoint);
  if (!/^[A-Z0-9]{1,32}$/.test(distribution))
    throw new StorageError(
      'STORAGE_BAD_URI',
      `${JSON.stringify(distribution)} is no distribution of CloudFront`,
    );
  const credentials = awsCredentials(env);
  const ask = purgeRequests(options);
  const description = `cloudfront:${distribution}`;
  return {
    description,
    async purge(keys, digest, { signal } = {}) {
      if (keys.length === 0) return;
      const paths = keys.map((key) => `/${encodedPath(prefix + key)}`).toSorted();
      const reference = createHash('sha256')
        .update([digest, ...paths].join('\n'))
        .digest('hex');
      const body = Buffer.from(documentOf(paths, `ragv-${reference}`));
      const request = async (): Promise<HttpRequest> => {
        const path = `/2020-05-31/distribution/${distribution}/invalidation`;
        const payloadHash = createHash('sha256').update(body).digest('hex');
        const headers = signV4(
          {
            method: 'POST',
            path,
            query: [],
            headers: {
              host: origin.host,
              'content-type': 'application/xml',
              'content-length': String(body.length),
            },
            payloadHash,
          },
          { credentials: await credentials(), region: 'us-east-1', service: 'cloudfront', now: new Date() },
        );
        return { method: 'POST', origin, path, headers, body };
      };
      const busy = 'TooManyInvalidationsInProgress';
      const answer = await ask(description, request, signal, ({ bytes }) => codeOf(bytes) === busy);
      if (answer.status >= 200 && answer.status < 300) return;
      const code = codeOf(answer.bytes);
      const said = quoted(code);
      if (code === 'NoSuchDistribution')
        throw new StorageError('STORAGE_BAD_URI', `there is no distribution ${distribution} of CloudFront`);
      throw new StorageError(
        'STORAGE_DENIED',
        `${description}: refused with status ${answer.status}${said}`,
        {
          hint: 'it takes cloudfront:CreateInvalidation on the distribution (docs/storage.md)',
        },
      );
    },
  };
}

function documentOf(paths: readonly string[], reference: string): string {
  const items = paths.map((path) => `<Path>${xmlEscaped(path)}</Path>`).join('');
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">' +
    `<Paths><Quantity>${paths.length}</Quantity><Items>${items}</Items></Paths>` +
    `<CallerReference>${reference}</CallerReference></InvalidationBatch>`
  );
}

function codeOf(bytes: Uint8Array): string {
  return xmlText(parseXml(bytes), 'Error', 'Code') ?? '';
}
