import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import type { Limits, RoleName, Targets, TrustedMetadataSet } from '@ragnos/tuf';
import { metadataFileName, roleName, targetPath } from '@ragnos/tuf';

import { DownloadLengthError, OfflineError } from '../errors.ts';
import type { Fetcher } from '../fetcher.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { Context, WaitOptions } from './context.ts';
import type { TransferOptions } from './download.ts';
import { targetUrl, verified, withFreshStart } from './download.ts';
import type { Loader, TargetInfo } from './find.ts';
import { findTarget } from './find.ts';
import { orClockSetBack, readState, stateAfter, timeInForce } from './clock.ts';
import { refuseBelowFloors } from './floors.ts';
import type { Time } from './in-force.ts';
import { loadInForce } from './in-force.ts';
import type { State } from './notes.ts';
import { stateToBytes } from './notes.ts';
import type { Knowledge, Parts, SignedFile, UpdaterOptions } from './options.ts';
import { partsOf } from './options.ts';
import type { Known } from './refresh.ts';
import { loadRole, refreshAll } from './refresh.ts';
import { loadRoot } from './root.ts';
import { refreshLate } from './stale.ts';
import type { TrustedStore } from './store.ts';

/**
 * A TUF client for one repository and one folder, good for any number of refreshes and look-ups. Every method throws
 * typed errors only and leaves the last good state in force; other processes may use the folder at the same time.
 */
export class Updater {
  readonly #options: UpdaterOptions;
  readonly #store: TrustedStore;
  readonly #fetcher: Fetcher;
  readonly #metadataUrl: URL;
  readonly #targetsUrl: URL;
  readonly #limits: Limits;
  readonly #now: () => Date;
  #known: Known;
  #state: State | null;
  /** By how much what has expired is still in use, since the last refresh allowed it. */
  #graceMs = 0;
  #loading = new Map<string, Promise<Targets>>();

  private constructor(options: UpdaterOptions, parts: Parts, known: Known, state: State | null) {
    this.#options = options;
    this.#store = parts.store;
    this.#fetcher = parts.fetcher;
    this.#metadataUrl = parts.metadataUrl;
    this.#targetsUrl = parts.targetsUrl;
    this.#limits = parts.limits;
    this.#now = parts.now;
    this.#known = known;
    this.#state = state;
  }

  /**
   * Verifies the roots kept in `dir` (or `root`, for a new folder) and asks nobody. Look-ups need a `refresh` first.
   * @throws NoTrustedRootError, RootPinMismatchError, InsecureUrlError
   */
  static async open(options: UpdaterOptions): Promise<Updater> {
    const parts = partsOf(options);
    if (options.offline !== true) await parts.store.prepare();
    const bootstrap = options.root ?? null;
    const context = { ...parts, bootstrap, now: parts.now(), offline: true, signal: options.signal };
    const { trusted, bytes } = await loadRoot(context, 'as far as known'); // the first refresh asks for the rest
    const state = await readState(parts.store, context.now);
    return new Updater(options, parts, { trusted, bytes: new Map([[roleName('root'), bytes]]) }, state);
  }

  /** The verified metadata of the last successful refresh; at first the root alone. */
  get trusted(): TrustedMetadataSet {
    return this.#known.trusted;
  }

  /**
   * Brings the trusted metadata up to date (5.1 to 5.6.6), or offline loads what is kept. If it throws, `trusted` stays
   * as it was; what was verified before the failure is on disk already and guards against rollback from then on.
   */
  async refresh(options: WaitOptions = {}): Promise<void> {
    const { signal, onProgress } = options;
    if (this.#options.offline === true) {
      await this.#refresh(options, this.#now());
      return;
    }
    onProgress?.({ what: 'lock', received: 0, total: null });
    const lock = await this.#store.lock({ signal, timeoutMs: this.#options.lockTimeoutMs ?? 120_000 });
    try {
      const clock = this.#now();
      this.#state = await readState(this.#store, clock); // another process may have refreshed since
      const known = await this.#refresh(options, clock);
      if (known === null) return;
      this.#state = stateAfter(clock, known.trusted, this.#state);
      await this.#store.writeState(stateToBytes(this.#state));
    } finally {
      lock.release();
    }
  }

  /** `refresh`, unless the last one was less than `refreshIntervalMinutes` ago and what it brought is still in force. */
  async refreshIfDue(options: WaitOptions = {}): Promise<void> {
    const interval = (this.#options.refreshIntervalMinutes ?? 60) * 60_000;
    const { ageMs } = this.knowledge();
    if (ageMs === null || ageMs < 0 || ageMs >= interval) return this.refresh(options);
    const kept = { ...this.#context(options, this.#time(0, this.#now())), offline: true };
    const known = await refreshAll(kept).catch(() => null); // whatever is wrong with it, a refresh will say or mend
    if (known === null) return this.refresh(options);
    this.#adopt(known, 0);
  }

  /** `null` = not brought up to date, but what is late goes on in use under `stale`. */
  async #refresh(options: WaitOptions, clock: Date): Promise<Known | null> {
    const time = this.#time(0, clock);
    const context = this.#context(options, time);
    try {
      const known = await refreshAll(context);
      this.#adopt(known, 0);
      return known;
    } catch (error) {
      const policy = this.#options.stale ?? 'strict';
      const late = await refreshLate(context, policy, error, this.#state).catch((refused: unknown) => {
        throw orClockSetBack(refused, time);
      });
      this.#adopt(late.known, late.graceMs);
      return null;
    }
  }

  /**
   * Looks `path` up through the delegations; loads the roles that it passes. `null` = no role that may list it does.
   * @throws WorkflowError before the first refresh, ExpiredMetadataError once that one is too long ago
   */
  async find(path: string, options: WaitOptions = {}): Promise<TargetInfo | null> {
    return findTarget(targetPath(path), this.#limits, this.#loader(options));
  }

  /**
   * Why `path` is trusted, or why it is not: who was asked in which order, because of which pattern, and whose keys have
   * signed what. What a repository did wrong is part of the answer (`refused`), never an exception.
   */
  async explain(path: string, options: WaitOptions = {}): Promise<Explanation> {
    const { explainTarget } = await import('../explain/explain.ts');
    const { trusted, bytes } = this.#known;
    const fetched = new Map<RoleName, Uint8Array>();
    const load = this.#loader(options, (role, received) => fetched.set(role, received));
    const grounds = { trusted, bytes, fetched, limits: this.#limits, load, find: findTarget };
    return explainTarget(grounds, targetPath(path));
  }

  /**
   * The targets that are known without asking: those of the roles that refreshes and look-ups have loaded, as `find` would
   * answer. `contains` leaves out the paths that do not hold it. Stop reading when you have enough; nothing is kept.
   * @throws ExpiredMetadataError, as `find`
   */
  async *list(
    options: { readonly contains?: string; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<TargetInfo, void, undefined> {
    const { listTargets } = await import('./list.ts');
    const { trusted, bytes } = this.#known;
    const { contains = '', signal } = options;
    const time = this.#time(this.#graceMs, this.#now());
    const inForce = (load: () => Targets): Promise<Targets> => loadInForce(trusted, time, load);
    const from = { trusted, inForce, find: findTarget, limits: this.#limits, loaded: [...bytes.keys()] };
    yield* listTargets(from, (path) => path.includes(contains), signal);
  }

  /**
   * Writes a target to `file`, whose folder exists. The file appears at its name only when every byte was verified and
   * is durable; what was there before stays until then. Stops at the signed length; resumes after a cut.
   */
  async download(
    info: TargetInfo,
    file: string,
    options: TransferOptions & { readonly mode?: number } = {},
  ): Promise<void> {
    const url = this.#targetUrl(info);
    const fs = this.#options.fs ?? nodeFileSystem;
    const { mode = 0o644, signal } = options;
    await withFreshStart((way) =>
      writeFileAtomic(file, verified(this.#fetcher, url, info, { ...options, ...way }), { mode, fs, signal }),
    );
  }

  /** A small target in memory. @throws DownloadLengthError if it is signed as longer than `maxLength` */
  async read(
    info: TargetInfo,
    options: TransferOptions & { readonly maxLength: number },
  ): Promise<Uint8Array> {
    if (info.length > options.maxLength)
      throw new DownloadLengthError(
        `${info.path}: ${info.length} bytes, at most ${options.maxLength} are read`,
      );
    const url = this.#targetUrl(info);
    let chunks: Uint8Array[] = [];
    await withFreshStart(async (way) => {
      chunks = [];
      for await (const chunk of verified(this.#fetcher, url, info, { ...options, ...way }))
        chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  }

  /** The signed files that vouch for `info`, byte for byte, from root to the role that lists it; to be kept as evidence. */
  chain(info: TargetInfo): readonly SignedFile[] {
    const { trusted, bytes } = this.#known;
    return [...['root', 'timestamp', 'snapshot'].map(roleName), ...info.via].flatMap((role) => {
      const file = bytes.get(role);
      if (file === undefined) return [];
      const version = role === 'root' ? trusted.root.version : this.#versions().get(role);
      return [{ name: metadataFileName(role, role === 'timestamp' ? undefined : version), bytes: file }];
    });
  }

  knowledge(): Knowledge {
    const clock = this.#now();
    const lastRefresh = this.#state?.lastRefresh ?? null;
    const ageMs = lastRefresh === null ? null : clock.getTime() - lastRefresh.getTime();
    const threshold = (this.#options.freshnessThresholdDays ?? 7) * 24 * 3600_000;
    return {
      lastRefresh,
      ageMs,
      fresh: ageMs !== null && Math.abs(ageMs) <= threshold,
      clockBehindMs: timeInForce(clock, this.#state).getTime() - clock.getTime(),
      versions: this.#versions(),
    };
  }

  #versions({ trusted }: Known = this.#known): ReadonlyMap<string, number> {
    const { root, timestamp, snapshot } = trusted;
    const versions = new Map<string, number>([['root', root.version]]);
    if (timestamp !== null) versions.set('timestamp', timestamp.version);
    if (snapshot !== null) versions.set('snapshot', snapshot.version);
    for (const [role, file] of snapshot?.meta ?? []) versions.set(role, file.version);
    return versions;
  }

  /** @throws BelowFloorError, and leaves what is trusted as it was */
  #adopt(known: Known, graceMs: number): void {
    const { floors } = this.#options;
    if (floors !== undefined) refuseBelowFloors(this.#versions(known), floors);
    this.#known = known;
    this.#graceMs = graceMs;
    this.#loading = new Map();
  }

  #targetUrl(info: TargetInfo): URL {
    if (this.#options.offline === true) throw new OfflineError(`${info.path} is not fetched while offline`);
    return targetUrl(this.#targetsUrl, info, this.#known.trusted);
  }

  /** For one look-up: loads a role as its delegator trusts it, all of it in force now. @throws ExpiredMetadataError */
  #loader(options: WaitOptions, onFetched?: Context['onFetched']): Loader {
    const known = this.#known;
    const time = this.#time(this.#graceMs, this.#now());
    const context = { ...this.#context(options, time), onFetched };
    return (role, delegator) =>
      loadInForce(known.trusted, time, () => this.#load(context, known, role, delegator));
  }

  /** Two look-ups at once load a role once; one that failed is tried again by the next. */
  #load(context: Context, known: Known, role: RoleName, delegator: RoleName): Promise<Targets> {
    const loaded = known.trusted.role(role, delegator);
    if (loaded !== null) return Promise.resolve(loaded);
    // Whose abort is nobody else's, and who wants to be told himself.
    if (context.signal ?? context.onProgress ?? context.onFetched)
      return loadRole(context, known, role, delegator);
    const loading = this.#loading;
    const key = `${role}\0${delegator}`;
    const running = loading.get(key);
    if (running !== undefined) return running;
    const started = loadRole(context, known, role, delegator).finally(() => loading.delete(key));
    loading.set(key, started);
    return started;
  }

  #time(graceMs: number, clock: Date): Time {
    const now = new Date(timeInForce(clock, this.#state).getTime() - graceMs);
    return { now, clock, state: this.#state, graceMs };
  }

  #context({ signal, onProgress }: WaitOptions, { now }: Time): Context {
    return {
      store: this.#store,
      fetcher: this.#fetcher,
      metadataUrl: this.#metadataUrl,
      limits: this.#limits,
      bootstrap: this.#options.root ?? null,
      now,
      offline: this.#options.offline ?? false,
      signal,
      onProgress,
      onLogRestart: this.#options.onLogRestart,
    };
  }
}
