export { defaultFetcher } from './default-fetcher.ts';
export type { FetchOptions, Fetcher, Transport, TransportRequest } from './fetcher.ts';
export { defineFetcher } from './fetcher.ts';
export {
  BelowFloorError,
  ClockSetBackError,
  CutError,
  DownloadError,
  DownloadForbiddenError,
  DownloadLengthError,
  DownloadNotFoundError,
  DownloadStatusError,
  EncodingError,
  InsecureUrlError,
  LocalRootLostError,
  LogWentBackError,
  NoTrustedRootError,
  OfflineError,
  RedirectError,
  StalledError,
  TlsError,
  UnreachableError,
} from './errors.ts';
export type { ClientErrorCode } from './errors.ts';
export type { Because, ExplainedKey, ExplainedRole, Explanation, Refusal } from './explain/explanation.ts';
export { explanationText } from './explain/text.ts';
export { fileFetcher } from './file-fetcher.ts';
export type { Statement } from './map/consensus.ts';
export { BadMapError, NoConsensusError, RepositoryFailedError } from './map/errors.ts';
export { parseMap } from './map/map-file.ts';
export type { Mapping, RepositoryMap } from './map/map-file.ts';
export { MultiRepository } from './map/multi-repository.ts';
export type { AgreedTarget } from './map/multi-repository.ts';
export { openMap } from './map/open-map.ts';
export type { OpenMapOptions } from './map/open-map.ts';
export { httpFetcher } from './http/http-fetcher.ts';
export type { HttpFetcher } from './http/http-fetcher.ts';
export type { HttpOptions } from './http/options.ts';
export { mirroredFetcher } from './mirrors.ts';
export type { MirrorOptions } from './mirrors.ts';
export type { WaitOptions, WaitProgress } from './updater/context.ts';
export type { TransferOptions } from './updater/download.ts';
export type { TargetInfo } from './updater/find.ts';
export { holdsTarget } from './updater/held.ts';
export type { StalePolicy } from './updater/stale.ts';
export type { Knowledge, SignedFile, UpdaterOptions } from './updater/options.ts';
export { Updater } from './updater/updater.ts';
