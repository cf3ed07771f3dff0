import type { Lifetimes, RoleLayout } from './layout.ts';
import type { CallOptions, Content, SignerSource } from './types.ts';
import type { JsonValue } from '@ragnos/tuf';

/** A file to be signed: a wheel, a public key, anything. */
export interface NewTarget {
  readonly path: string;
  /** Bytes, or the name of a file on disk, which is hashed and streamed. */
  readonly content: Content | string;
  readonly custom?: JsonValue;
}

export interface CreateOptions extends CallOptions {
  /** Root, timestamp, snapshot and targets: who signs. Keys and thresholds follow from it unless `roles` is given: one key, threshold 1. */
  readonly signers: SignerSource;
  readonly roles?: Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets', RoleLayout>>;
  readonly lifetimes?: Lifetimes;
  readonly now?: Date;
  readonly staging?: string;
}

/** Makes a repository in `folder` (its `metadata/` and `targets/`) that signs `files` under the top-level targets role. */
export function createRepository(
  folder: string,
  files: readonly NewTarget[],
  options: CreateOptions,
): Promise<{ readonly root: Uint8Array; readonly fingerprint: string }> {
  throw new Error(`not built yet: ${folder} ${files.length} ${String(options.now)}`);
}
