import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBucket, obstacles, type BucketFinding } from '@ragnos/storage';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';

/**
 * `ragv init --check`: looks at a store, changes no setting and makes nothing. It tries conditional writes on a few objects of its
 * own, which it removes: some servers take the conditions and ignore them.
 */
export async function checkStore(store: string, { voice, signal }: Context): Promise<number> {
  const found = /^(?:s3|gcs|azure):/.test(store)
    ? await checkBucket(store, { signal })
    : [await folder(store)];
  const bad = obstacles(found);
  voice.answer({ store, fit: bad.length === 0, findings: found }, [
    ...found.map(({ check, state, message, run }) =>
      [`${check}: ${state}: ${message}`, ...(run === undefined ? [] : [`run: ${run}`])].join('; '),
    ),
    bad.length === 0 ? `${store} is fit for a repository` : `${store} is not fit for a repository`,
  ]);
  return exitCodes[bad.length === 0 ? 'ok' : 'refused'][0];
}

/** A folder has no settings: it is there, and may be written to. */
async function folder(store: string): Promise<BucketFinding> {
  const path = store.startsWith('file:') ? fileURLToPath(store) : resolve(store);
  const common = { check: 'exists', required: true } as const;
  try {
    if (!(await stat(path)).isDirectory()) return { ...common, state: 'missing', message: 'it is no folder' };
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { ...common, state: 'ok', message: 'a folder that may be written to' };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return {
      ...common,
      state: 'missing',
      message: `the folder cannot be used: ${why}`,
      run: `mkdir -p ${path}`,
    };
  }
}

/** @throws CliError USAGE */
export function storeToCheck(store: string | undefined): string {
  if (store !== undefined) return store;
  throw new CliError('USAGE', 'which store is to be checked?', { hint: 'give --store <address>' });
}
