import { DiskError } from '@ragnos/disk';
import type { Hashes, JsonValue, TargetPath } from '@ragnos/tuf';
import {
  ExpiredMetadataError,
  LengthOrHashMismatchError,
  RepositoryError,
  targetPath,
  VaultError,
  WorkflowError,
} from '@ragnos/tuf';

import { DownloadError, OfflineError } from '../errors.ts';
import type { TransferOptions } from '../updater/download.ts';
import type { Updater } from '../updater/updater.ts';
import type { Statement } from './consensus.ts';
import { largestAgreement, said } from './consensus.ts';
import { NoConsensusError, RepositoryFailedError } from './errors.ts';
import type { Mapping, RepositoryMap } from './map-file.ts';
import { matchingPattern } from './map-file.ts';

/** A target on which as many repositories agree as the mapping asks for. */
export interface AgreedTarget {
  readonly path: TargetPath;
  readonly length: number;
  readonly hashes: Hashes;
  /** That of the first of them: nobody has to agree on it (TAP 4). */
  readonly custom: JsonValue | undefined;
  /** Those who agree, in the order of the mapping; they were asked until they were enough. */
  readonly agreed: readonly Statement[];
  /** Which mapping of the map decided, from 0. */
  readonly mapping: number;
}

type Waiting = { readonly signal?: AbortSignal | undefined };

/**
 * Several repositories behind a map (TAP 4): a target is what the threshold of repositories of the first mapping that
 * knows it agree on. Each has a root, a folder and a client of its own; none can speak for another.
 */
export class MultiRepository {
  readonly map: RepositoryMap;
  readonly #updaters: ReadonlyMap<string, Updater>;
  /** Refreshed, and good for look-ups as far as is known. */
  readonly #ready = new Set<string>();

  /** `openMap` makes them. `updaters` holds a client for each repository of the map. */
  constructor(map: RepositoryMap, updaters: ReadonlyMap<string, Updater>) {
    this.map = map;
    this.#updaters = updaters;
  }

  /** The client of one repository, to ask it alone (`explain`, `knowledge`). @throws WorkflowError for an unknown name */
  repository(name: string): Updater {
    const updater = this.#updaters.get(name);
    if (updater === undefined) throw new WorkflowError(`the map has no repository ${JSON.stringify(name)}`);
    return updater;
  }

  /**
   * Refreshes all repositories at once, also those that no look-up has asked yet; look-ups alone refresh the ones that
   * they need. Returns why which of them failed: a look-up tries those again and does not count them meanwhile.
   */
  async refresh(options: Waiting = {}): Promise<ReadonlyMap<string, Error>> {
    const failures = new Map<string, Error>();
    this.#ready.clear();
    await Promise.all(
      [...this.#updaters.keys()].map((name) =>
        this.#refreshed(name, options.signal).catch((error: unknown) => {
          failures.set(name, failure(error, options.signal));
        }),
      ),
    );
    return failures;
  }

  /**
   * Looks `path` up, mapping after mapping. `null` = no repository that a mapping asks lists it, or no mapping is for it.
   * A repository that fails counts for nothing, and where its word could have decided, the search ends there.
   *
   * @throws NoConsensusError, RepositoryFailedError
   */
  async find(path: string, options: Waiting = {}): Promise<AgreedTarget | null> {
    const sought = targetPath(path);
    let disagreement: NoConsensusError | null = null;
    for (const [index, mapping] of this.map.mapping.entries()) {
      if (matchingPattern(mapping, sought) === null) continue;
      const statements = await this.#ask(mapping, sought, options.signal);
      const agreed = largestAgreement(statements);
      const [first] = agreed;
      if (first !== undefined && agreed.length >= mapping.threshold) {
        const { length, hashes, custom } = first.info;
        return { path: sought, length, hashes, custom, agreed, mapping: index };
      }
      if (first !== undefined) disagreement = noConsensus(sought, mapping, statements);
      if (mapping.terminating) break;
    }
    if (disagreement !== null) throw disagreement;
    return null;
  }

  /** What the repositories of `mapping` say, until enough of them agree. @throws RepositoryFailedError */
  async #ask(
    mapping: Mapping,
    path: TargetPath,
    signal: AbortSignal | undefined,
  ): Promise<readonly Statement[]> {
    const statements: Statement[] = [];
    const failures = new Map<string, Error>();
    for (const repository of mapping.repositories) {
      try {
        const info = await this.#lookUp(repository, path, signal);
        if (info !== null) statements.push({ repository, info });
      } catch (error) {
        failures.set(repository, failure(error, signal));
      }
      if (largestAgreement(statements).length >= mapping.threshold) return statements;
    }
    if (failures.size > 0 && largestAgreement(statements).length + failures.size >= mapping.threshold)
      throw new RepositoryFailedError(path, failures);
    return statements;
  }

  async #lookUp(name: string, path: TargetPath, signal: AbortSignal | undefined) {
    const known = this.#ready.has(name);
    const updater = await this.#refreshed(name, signal);
    try {
      return await updater.find(path, { signal });
    } catch (error) {
      if (!known || !(error instanceof ExpiredMetadataError)) throw error;
      this.#ready.delete(name); // expired since that refresh: once more, from the start
      return await (await this.#refreshed(name, signal)).find(path, { signal });
    }
  }

  async #refreshed(name: string, signal: AbortSignal | undefined): Promise<Updater> {
    const updater = this.repository(name);
    if (this.#ready.has(name)) return updater;
    await updater.refresh({ signal });
    this.#ready.add(name);
    return updater;
  }

  /** As `Updater.download`, from the first of those who agree that delivers. */
  download(
    target: AgreedTarget,
    file: string,
    options: TransferOptions & { readonly mode?: number } = {},
  ): Promise<void> {
    return this.#fromOne(target, options.signal, ({ repository, info }) =>
      this.repository(repository).download(info, file, options),
    );
  }

  /** As `Updater.read`. */
  read(target: AgreedTarget, options: TransferOptions & { readonly maxLength: number }): Promise<Uint8Array> {
    return this.#fromOne(target, options.signal, ({ repository, info }) =>
      this.repository(repository).read(info, options),
    );
  }

  /** Whoever delivers, the bytes are those that all agree on, or nothing is kept. */
  async #fromOne<T>(
    target: AgreedTarget,
    signal: AbortSignal | undefined,
    attempt: (statement: Statement) => Promise<T>,
  ): Promise<T> {
    const failures = new Map<string, Error>();
    for (const statement of target.agreed)
      try {
        return await attempt(statement);
      } catch (error) {
        const known = failure(error, signal);
        if (!(known instanceof DownloadError || known instanceof LengthOrHashMismatchError)) throw error;
        failures.set(statement.repository, known);
      }
    const all = [...failures.values()];
    throw all.find((error) => error instanceof RepositoryError) ?? all[0] ?? new OfflineError(target.path);
  }
}

/** What counts as a repository's failure; an abort and a mistake of ours are thrown on. */
function failure(error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) throw signal.reason;
  if (error instanceof VaultError || error instanceof DiskError) return error;
  throw error;
}

function noConsensus(path: TargetPath, mapping: Mapping, statements: readonly Statement[]): NoConsensusError {
  const silent = mapping.repositories.filter((name) =>
    statements.every(({ repository }) => repository !== name),
  );
  const all = [...statements.map(said), ...silent.map((name) => `${name} does not list it`)];
  return new NoConsensusError(
    `${path}: ${mapping.threshold} of ${mapping.repositories.join(', ')} must agree; ${all.join('; ')}`,
    { hint: 'nothing was installed; ask whoever runs these repositories which of them is right' },
  );
}
