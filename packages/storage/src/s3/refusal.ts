import type { HttpAnswer } from '../http/client.ts';
import { clockDifference, commonRefusal, failed, quoted } from '../object/answers.ts';
import type { Draft, Expected, Refusal } from '../object/dialect.ts';
import { parseXml, xmlText } from '../xml.ts';
import type { S3Settings } from './settings.ts';

/** What to do where there is no bucket. */
export const makeBucket = 'make it with ragv init --store, or check its name, region and endpoint';

export interface S3RefusalContext {
  readonly answer: HttpAnswer;
  readonly draft: Draft;
  /** `undefined`: the request had no condition. */
  readonly condition: Expected | undefined;
  readonly settings: S3Settings;
  readonly bucketExists: () => Promise<void>;
}

/** The code and the message of an error document; both empty where there is none, as in the answer to a HEAD. */
export function s3Error(answer: HttpAnswer): {
  readonly code: string;
  readonly message: string;
  readonly region?: string;
} {
  const root = parseXml(answer.bytes);
  if (root?.name !== 'Error') return { code: '', message: '' };
  const region = xmlText(root, 'Region');
  return {
    code: xmlText(root, 'Code') ?? '',
    message: xmlText(root, 'Message') ?? '',
    ...(region === undefined ? {} : { region }),
  };
}

const passing: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'BadDigest', // damaged on the way; what was computed here is sent again
  'XAmzContentSHA256Mismatch',
]);

export async function s3Refusal(context: S3RefusalContext): Promise<Refusal> {
  const { answer, condition, settings, draft } = context;
  const { status } = answer;
  const { code, message, region } = s3Error(answer);
  const said = quoted([code, message].filter((text) => text !== '').join(', '));
  const where = settings.description;
  if (passing.has(code)) return { kind: 'again', message: `${where}: status ${status}${said}` };
  if (status === 412 || status === 304) return { kind: 'lost' };
  if (status === 409) return { kind: 'again', message: `${where}: status 409${said}` };
  if (status === 416) return { kind: 'bad-range' };
  if (status === 404) {
    if (code === 'NoSuchBucket') return noSuchBucket(where);
    if (code !== 'NoSuchKey') await context.bucketExists();
    return { kind: condition === undefined ? 'absent' : 'lost' };
  }
  if (status === 301 || code === 'AuthorizationHeaderMalformed') {
    const right = answer.header('x-amz-bucket-region') ?? region;
    if (right !== undefined && right !== settings.region)
      return failed(
        'STORAGE_BAD_URI',
        `${where} is in another region than ${settings.region}`,
        `add region=${right}`,
      );
  }
  const common = commonRefusal(answer, where, said);
  if (common !== null) return common;
  if (status === 403) return denied(context, code, said);
  if (code === 'KeyTooLongError') return failed('STORAGE_BAD_KEY', `${where}${said}`);
  if (code === 'EntityTooLarge') return failed('STORAGE_TOO_LARGE', `${where}${said}`);
  if (code === 'QuotaExceeded') return failed('STORAGE_FULL', `${where}${said}`);
  return failed('STORAGE_DENIED', `${where}: ${draft.method} was refused with status ${status}${said}`);
}

export function noSuchBucket(where: string): Refusal {
  return failed('STORAGE_CONFLICT', `${where}: there is no such bucket`, makeBucket);
}

function denied({ answer, settings, draft }: S3RefusalContext, code: string, said: string): Refusal {
  const where = settings.description;
  switch (code) {
    case 'RequestTimeTooSkewed': {
      const difference = clockDifference(answer);
      return failed(
        'STORAGE_DENIED',
        `${where}: the clock of this machine is ${difference ?? 'not that of the store'}`,
        'set the clock; S3 refuses signatures that are 15 minutes off',
      );
    }
    case 'SignatureDoesNotMatch':
      return failed(
        'STORAGE_DENIED',
        `${where}: the signature is not accepted${said}`,
        'is the secret key the right one?',
      );
    case 'InvalidAccessKeyId':
      return failed('STORAGE_DENIED', `${where}: the access key is not known${said}`);
    case 'ExpiredToken':
      return failed('STORAGE_DENIED', `${where}: the credentials have expired`, 'get new ones and try again');
    case 'QuotaExceeded':
      return failed('STORAGE_FULL', `${where}${said}`);
    default: {
      const reading = draft.method === 'GET' || draft.method === 'HEAD';
      return failed(
        'STORAGE_DENIED',
        `${where}: access denied (403)${said}`,
        reading
          ? 'S3 also answers 403 for a key that does not exist where s3:ListBucket is not allowed: allow it, and s3:GetObject (docs/storage.md)'
          : 'docs/storage.md has the policy that the door needs',
      );
    }
  }
}
