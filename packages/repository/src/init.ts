import type { Storage } from '@ragnos/storage';
import type { RepositoryLayout } from './layout.ts';
import type { CallOptions, SignerSource } from './types.ts';

export interface InitOptions extends CallOptions {
  readonly layout: RepositoryLayout;
  readonly signers: SignerSource;
  readonly now?: Date;
  /** As in `RepositoryOptions`: remembers the new repository there. */
  readonly staging?: string;
}

export interface InitResult {
  /** `1.root.json`, which hosts start from. */
  readonly root: Uint8Array;
  /** Its sha256. */
  readonly fingerprint: string;
}

export function initRepository(storage: Storage, options: InitOptions): Promise<InitResult> {
  throw new Error(`not built yet: ${storage.description} ${options.layout.root.threshold}`);
}
