import { RepositoryError, VaultError } from '@ragnos/tuf';

/** Closed: what can go wrong between the network (or the local copy) and the verified bytes. */
export type ClientErrorCode =
  | 'DOWNLOAD'
  | 'NOT_FOUND_REMOTE'
  | 'FORBIDDEN_REMOTE'
  | 'HTTP_STATUS'
  | 'DOWNLOAD_LENGTH'
  | 'STALLED'
  | 'CUT'
  | 'TLS'
  | 'REDIRECT'
  | 'ENCODING'
  | 'INSECURE_URL'
  | 'NO_TRUSTED_ROOT'
  | 'OFFLINE'
  | 'LOCAL_ROOT_LOST'
  | 'BELOW_FLOOR'
  | 'CLOCK_SET_BACK'
  | 'LOG_WENT_BACK'
  | 'BAD_MAP'
  | 'NO_CONSENSUS'
  | 'REPOSITORY_UNREACHABLE'
  | 'REPOSITORY_UNTRUSTED';

/** The bytes never arrived, or arrived too long or too slow. Nothing was replaced. */
export class DownloadError extends VaultError {
  override readonly code: ClientErrorCode = 'DOWNLOAD';
  /** Whether asking again may help: the connection's fault or the server's mood, not a refusal. */
  readonly transient: boolean = false;
}

/** The host could not be reached: name, refused, no route, reset before an answer. */
export class UnreachableError extends DownloadError {
  override readonly transient = true;
}

/** 404 or 410, or no such file: for a root probe that is the good answer. */
export class DownloadNotFoundError extends DownloadError {
  override readonly code = 'NOT_FOUND_REMOTE';
}

/** 401, 403, 407: never taken for "absent". */
export class DownloadForbiddenError extends DownloadError {
  override readonly code = 'FORBIDDEN_REMOTE';
}

/** Any other status that is not an answer. */
export class DownloadStatusError extends DownloadError {
  override readonly code = 'HTTP_STATUS';
  readonly status: number;
  override readonly transient: boolean;

  constructor(message: string, status: number, options: { readonly hint?: string } = {}) {
    super(message, options);
    this.status = status;
    this.transient = status === 408 || status === 429 || status >= 500;
  }
}

/** More bytes than are allowed, or another number than announced: endless data, wrong length. */
export class DownloadLengthError extends DownloadError {
  override readonly code = 'DOWNLOAD_LENGTH';
}

/** Nothing arrived for too long, or all of it took too long: stall, slow drip. */
export class StalledError extends DownloadError {
  override readonly code = 'STALLED';
  override readonly transient = true;
}

/** The connection ended before the body did. */
export class CutError extends DownloadError {
  override readonly code = 'CUT';
  override readonly transient = true;
}

/** The certificate or the TLS handshake was refused. Fatal: never retried, never skipped. */
export class TlsError extends DownloadError {
  override readonly code = 'TLS';
}

/** A redirect to another origin, from https to http, or one too many. */
export class RedirectError extends DownloadError {
  override readonly code = 'REDIRECT';
}

/** A content-encoding that was not asked for. */
export class EncodingError extends DownloadError {
  override readonly code = 'ENCODING';
}

/** `http:` off loopback without `allowHttp`, or a scheme that we do not speak. */
export class InsecureUrlError extends DownloadError {
  override readonly code = 'INSECURE_URL';
}

/** The folder holds no root yet and none was given: nothing is trusted on first use. */
export class NoTrustedRootError extends VaultError {
  override readonly code = 'NO_TRUSTED_ROOT';
}

/** Offline, and the local copy does not hold (or no longer vouches for) what is asked for. */
export class OfflineError extends VaultError {
  override readonly code = 'OFFLINE';
}

/** A root that was trusted here is damaged, and the repository does not serve it: accepting an older one would be a rollback. */
export class LocalRootLostError extends VaultError {
  override readonly code = 'LOCAL_ROOT_LOST';
}

/** The repository's audit log is shorter than this host has seen it, or another one. */
export class LogWentBackError extends RepositoryError {
  override readonly code = 'LOG_WENT_BACK';
}

/** The repository is older than its caller knows it to have been: a rollback that only somebody with a memory notices. */
export class BelowFloorError extends RepositoryError {
  override readonly code = 'BELOW_FLOOR';
}

/** In force by the clock here, expired by a time that has been here already: set back, it must not revive anything (freeze). */
export class ClockSetBackError extends VaultError {
  override readonly code = 'CLOCK_SET_BACK';
}
