import { ExpiredMetadataError, type VaultError } from '@ragnos/tuf';

import { DownloadError, OfflineError } from '../errors.ts';
import type { Context } from './context.ts';
import type { State } from './notes.ts';
import type { Known } from './refresh.ts';
import { refreshAll } from './refresh.ts';

/**
 * What a refresh does when the repository does not answer, or serves what has expired. `strict` refuses, as the
 * specification has it. Otherwise what was verified stays in use until it has been expired for `maxAgeMs`, and `warn`
 * is told each time. Signatures, versions, hashes and rollback count as ever, whatever the policy.
 */
export type StalePolicy =
  'strict' | { readonly maxAgeMs: number; readonly warn: (reason: VaultError) => void };

/** Nothing was refused for what it is: nobody answered, or too late. */
function isLate(error: unknown): error is DownloadError | ExpiredMetadataError {
  return error instanceof ExpiredMetadataError || (error instanceof DownloadError && error.transient);
}

/**
 * After a strict refresh failed with `error`: what is served, else what is kept, judged as of `maxAgeMs` ago. Rethrows
 * `error` where the policy or the age does not allow that. `state` is that of the last accepted refresh.
 */
export async function refreshLate(
  context: Context,
  policy: StalePolicy,
  error: unknown,
  state: State | null,
): Promise<{ readonly known: Known; readonly graceMs: number }> {
  if (policy === 'strict' || !isLate(error)) throw error;
  const graceMs = policy.maxAgeMs;
  const unreachable = error instanceof DownloadError;
  if (unreachable && (state === null || context.now.getTime() - state.lastRefresh.getTime() > graceMs))
    throw error;
  const late = {
    ...context,
    now: new Date(context.now.getTime() - graceMs),
    offline: context.offline || unreachable,
  };
  const known = await refreshAll(late).catch((second: unknown) => {
    throw second instanceof OfflineError ? error : second;
  });
  policy.warn(error);
  return { known, graceMs };
}
