import { VaultError } from '@ragnos/tuf';

import { DownloadError, TlsError, UnreachableError } from '../errors.ts';
import { shown } from '../fetcher.ts';

const unreachable: ReadonlySet<string> = new Set(
  (
    'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENETDOWN ' +
    'ENOTFOUND EAI_AGAIN EADDRNOTAVAIL'
  ).split(' '),
);

const certificate =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_|ERROR_IN_CERT_|CRL_|PATH_LENGTH_)/;

/** What a request that got no answer died of, in our own family. */
export function requestFailure(url: URL, error: unknown): Error {
  if (error instanceof VaultError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = `${shown(url)}: ${code === '' ? (error instanceof Error ? error.message : 'the request failed') : code}`;
  if (certificate.test(code))
    return new TlsError(text, {
      cause: error,
      hint: 'for a private authority set NODE_EXTRA_CA_CERTS to its certificate',
    });
  if (unreachable.has(code))
    return new UnreachableError(text, { cause: error, hint: 'check the address and the network' });
  if (code === 'ERR_PROXY_TUNNEL')
    return new UnreachableError(text, {
      cause: error,
      hint: 'the proxy refused; check HTTPS_PROXY and NO_PROXY',
    });
  return new DownloadError(text, { cause: error });
}
