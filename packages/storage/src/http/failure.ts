import { StorageError } from '../errors.ts';

/** A request that brought no whole answer. Whether the store did what it was asked is not known; asking again may help. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
}

const certificate =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_)/;

/** What a request died of; a certificate that is not trusted now will not be in a second either. */
export function transportFailure(where: string, error: unknown): TransportFailure | StorageError {
  if (error instanceof TransportFailure || error instanceof StorageError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const said = code !== '' ? code : error instanceof Error ? error.message : 'the request failed';
  if (certificate.test(code))
    return new StorageError('STORAGE_UNAVAILABLE', `${where}: ${said}`, {
      hint: 'for a private authority set NODE_EXTRA_CA_CERTS to its certificate',
      cause: error,
    });
  return new TransportFailure(`${where}: ${said}`, { cause: error });
}
