import { VaultError } from '@ragnos/tuf';

import { DownloadError, OfflineError } from '../errors.ts';

/** The map file of several repositories (TAP 4) is not what it should be. It is local: whoever wrote it can mend it. */
export class BadMapError extends VaultError {
  override readonly code = 'BAD_MAP';
}

/** The repositories of a mapping answered, and too few of them agree on the target. */
export class NoConsensusError extends VaultError {
  override readonly code = 'NO_CONSENSUS';
}

/**
 * Too few repositories of a mapping agree, and with those that failed it could be enough: whoever keeps one from
 * answering must not thereby choose which mapping decides. `failures` says what became of each, by its name.
 */
export class RepositoryFailedError extends VaultError {
  override readonly code: 'REPOSITORY_UNREACHABLE' | 'REPOSITORY_UNTRUSTED';
  readonly failures: ReadonlyMap<string, Error>;

  constructor(what: string, failures: ReadonlyMap<string, Error>) {
    const all = [...failures.values()];
    const said = [...failures].map(([name, error]) => `${name} (${error.message})`).join(', ');
    super(`${what}: no answer that counts from ${said}`, {
      cause: all[0],
      hint: 'no other mapping is asked in their place; try again once they answer, or change the map',
    });
    this.failures = failures;
    const silent = all.every((error) => error instanceof DownloadError || error instanceof OfflineError);
    this.code = silent ? 'REPOSITORY_UNREACHABLE' : 'REPOSITORY_UNTRUSTED';
  }
}
