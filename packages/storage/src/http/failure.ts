/** A request that brought no whole answer. Whether the store did what it was asked is not known. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
}

const certificate =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_)/;

/** What a socket died of, without the address of the machine and without a stack of ours. */
export function transportFailure(where: string, error: unknown): TransportFailure {
  if (error instanceof TransportFailure) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const said = code !== '' ? code : error instanceof Error ? error.message : 'the request failed';
  return new TransportFailure(`${where}: ${said}`, { cause: error });
}

/** What whoever runs the command can do about it. */
export function hintFor(failure: TransportFailure): string {
  const { cause } = failure;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (certificate.test(code)) return 'for a private authority set NODE_EXTRA_CA_CERTS to its certificate';
  return 'check the address and the network, and try again';
}
