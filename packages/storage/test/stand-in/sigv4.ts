import { createHash, createHmac } from 'node:crypto';
import type { Asked } from './server.ts';

export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

/**
 * What is wrong with the signature of a request, as AWS documents its checking; `null`: nothing. Written from the
 * documentation, not from the signer: from the raw request, which must be encoded as AWS wants it.
 */
export function signatureFault(asked: Asked, account: Account, now: Date): string | null {
  const { headers } = asked;
  const authorization = headers.get('authorization') ?? '';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (parts === null) return 'AccessDenied';
  const [, id = '', date = '', region = '', service = '', signed = '', signature = ''] = parts;
  if (id !== account.accessKeyId) return 'InvalidAccessKeyId';
  if (region !== account.region || service !== account.service) return 'AuthorizationHeaderMalformed';
  const time = headers.get('x-amz-date') ?? '';
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const then = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!time.startsWith(date) || Number.isNaN(then)) return 'AccessDenied';
  if (Math.abs(now.getTime() - then) > 15 * 60_000) return 'RequestTimeTooSkewed';
  const names = signed.split(';');
  const must = [...headers.keys()].filter(
    (name) => name === 'host' || name.startsWith('x-amz-') || name === 'content-md5',
  );
  if (must.some((name) => !names.includes(name))) return 'AccessDenied';
  if (names.join(';') !== names.toSorted().join(';')) return 'SignatureDoesNotMatch';
  if (!isEncoded(asked.path, true)) return 'SignatureDoesNotMatch';
  const query =
    asked.search === ''
      ? []
      : asked.search.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  if (!query.every((pair) => pair.split('=').every((half) => isEncoded(half, false))))
    return 'SignatureDoesNotMatch';
  const canonical =
    `${asked.method}\n${asked.path}\n${query.toSorted().join('&')}\n` +
    names.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`).join('') +
    `\n${signed}\n${headers.get('x-amz-content-sha256') ?? createHash('sha256').update(asked.body).digest('hex')}`;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const sign = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = sign(sign(sign(sign('AWS4' + account.secretAccessKey, date), region), service), 'aws4_request');
  const right = sign(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashed}`).toString('hex');
  return right === signature ? null : 'SignatureDoesNotMatch';
}

/** Each byte is a letter, a digit, one of `-._~`, or two upper-case hex digits after a percent sign. */
function isEncoded(text: string, slashes: boolean): boolean {
  const pattern = slashes ? /^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/ : /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/;
  return pattern.test(text) && !/%(?:2D|2E|5F|7E|3\d|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/.test(text);
}
