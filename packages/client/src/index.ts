export type { FetchOptions, Fetcher, Transport } from './fetcher.ts';
export { defineFetcher } from './fetcher.ts';
export {
  CutError,
  DownloadError,
  DownloadForbiddenError,
  DownloadLengthError,
  DownloadNotFoundError,
  DownloadStatusError,
  EncodingError,
  InsecureUrlError,
  LocalRootLostError,
  NoTrustedRootError,
  OfflineError,
  RedirectError,
  StalledError,
  TlsError,
  UnreachableError,
} from './errors.ts';
export type { ClientErrorCode } from './errors.ts';
