import { StorageError } from '../errors.ts';
import type { HttpAnswer } from '../http/client.ts';
import { defaultRetryPolicy, NotNow, repeated } from './retry.ts';

/**
 * An object's 404 does not always say what is missing, as in the answer to a HEAD, which has no body. A missing bucket must
 * never pass for an empty one: it is asked for itself once, and remembered when it was there.
 */
export function bucketCheck(
  where: string,
  hint: string,
  ask: () => Promise<Pick<HttpAnswer, 'status'>>,
): () => Promise<void> {
  let known = false;
  return async () => {
    if (known) return;
    await repeated(defaultRetryPolicy, where, undefined, async () => {
      const { status } = await ask();
      if (status === 404)
        throw new StorageError('STORAGE_CONFLICT', `${where}: there is no such bucket`, { hint });
      if (status === 429 || status >= 500) throw new NotNow(`status ${status}`);
    });
    known = true;
  };
}
