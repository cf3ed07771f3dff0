import { read, StorageError, type CallOptions, type Storage, type StorageKey } from '@ragnos/storage';
import { LogError } from './errors.ts';

/** A whole object; `null`: there is none. One that is larger than it can be was put there by somebody else: LOG_ALTERED. */
export async function readObject(
  storage: Storage,
  key: StorageKey,
  maxLength: number,
  call: CallOptions,
): Promise<Uint8Array | null> {
  try {
    return (await read(storage, key, { ...call, maxLength }))?.bytes ?? null;
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== 'STORAGE_TOO_LARGE') throw cause;
    throw new LogError('LOG_ALTERED', `${key} is larger than it can be`, { key, cause });
  }
}
