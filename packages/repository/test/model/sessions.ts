import assert from 'node:assert/strict';
import { defineFetcher, DownloadNotFoundError, Updater } from '@ragnos/client';
import type { Storage } from '@ragnos/storage';
import type { LogHead } from '@ragnos/tlog';
import { logStep, VaultError, type Root } from '@ragnos/tuf';
import { ModelClient, type Known } from './client.ts';
import { getFrom, type History } from './history.ts';
import type { Schedule } from './schedule.ts';
import { everyPath, textOf } from './state.ts';

export interface SessionOptions {
  /** Of our client; it is one of the clients if `updater`. */
  readonly folder: string;
  readonly updater: boolean;
  readonly tell: (what: string) => void;
}

interface Session {
  readonly began: number;
  readonly done: Promise<void>;
}

/**
 * Clients of every age, who pause between any two requests for as long as others work. Each sees one state that the repository was in,
 * whole, not older than what it saw before, and never an error.
 */
export class Sessions {
  readonly #storage: Storage;
  readonly #first: Uint8Array;
  readonly #history: History;
  readonly #schedule: Schedule;
  readonly #options: SessionOptions;
  /** What the clients that come back know; number 0 never does. */
  readonly #known = new Map<number, Known>();
  readonly #versions = new Map<number, number>();
  readonly #open = new Map<number, Session>();
  readonly #failures: Error[] = [];
  #count = 0;
  /** What our client saw last. */
  #saw: { readonly root: Root; readonly log: LogHead | null } | null = null;

  constructor(
    storage: Storage,
    first: Uint8Array,
    history: History,
    schedule: Schedule,
    options: SessionOptions,
  ) {
    this.#storage = storage;
    this.#first = first;
    this.#history = history;
    this.#schedule = schedule;
    this.#options = options;
  }

  begin(clients: readonly number[]): void {
    for (const client of new Set(clients)) {
      const id = client === 0 ? --this.#count : client;
      if (this.#open.has(id)) continue; // still under way
      const began = Date.now();
      const work = client === 3 && this.#options.updater ? this.#updater(began) : this.#session(id, began);
      const done = work
        .catch((error: unknown) => void this.#failures.push(new Error(`client ${client}`, { cause: error })))
        .finally(() => this.#open.delete(id));
      this.#open.set(id, { began, done });
    }
  }

  /** Lets all of them finish, or those that began before. */
  async end(before = Number.POSITIVE_INFINITY): Promise<void> {
    const old = [...this.#open.values()].filter(({ began }) => began < before);
    await this.#schedule.drive(old.map(({ done }) => done));
    this.check();
  }

  /** @throws Error what a client said that should have said nothing */
  check(): void {
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
  }

  readonly #get = async (key: string): Promise<Uint8Array | null> => {
    await this.#schedule.turn(true);
    return getFrom(this.#storage)(key);
  };

  async #session(id: number, began: number): Promise<void> {
    const known = this.#known.get(id) ?? { root: this.#first, timestamp: null, snapshot: null };
    const client = await ModelClient.refresh(this.#get, known, new Date(began));
    this.#known.set(id, client.known);
    this.#compare(id, client.version, textOf(await client.state()), textOf);
  }

  #compare(
    id: number,
    version: number,
    seen: string,
    text: (state: History['last']['state']) => string,
  ): void {
    const moment = this.#history.at(version);
    if (moment === undefined) throw new Error(`version ${version} was never committed`);
    if (text(moment.state) !== seen)
      throw new Error(`at version ${version} saw\n${seen}\nwhich was\n${text(moment.state)}`);
    const before = this.#versions.get(id) ?? 0;
    if (version < before) throw new Error(`went back from version ${before} to ${version}`);
    this.#versions.set(id, version);
  }

  /** Our client, whose folder remembers; time stands still for it too. */
  async #updater(began: number): Promise<void> {
    await this.#refuseUnapproved(began);
    const updater = await this.#ours(began);
    await updater.refresh();
    const files: [string, string][] = [];
    for (const path of everyPath) {
      const info = await updater.find(path);
      if (info !== null)
        files.push([path, Buffer.from(await updater.read(info, { maxLength: 10_000 })).toString()]);
    }
    const version = updater.trusted.timestamp?.version ?? 0;
    const listed = (state: History['last']['state']): string =>
      JSON.stringify(everyPath.flatMap((path) => { const file = state.files.get(path); return file === undefined ? [] : [[path, file.content]]; })); // prettier-ignore
    this.#compare(3, version, JSON.stringify(files), listed);
    this.#saw = { root: updater.trusted.root, log: this.#history.at(version)?.log ?? null };
  }

  /** Where the log was begun anew since, and somebody keeps back the root that gave the old one up. */
  async #refuseUnapproved(began: number): Promise<void> {
    if (this.#saw === null) return;
    const { root, log } = this.#saw;
    if (!['unapproved', 'back'].includes(logStep(log, this.#history.last.log, root))) return;
    await assert.rejects((await this.#ours(began, root.version)).refresh(), VaultError);
    this.#options.tell('restarts that a client refused without the root');
  }

  /** `newest`: of the roots that it is shown. */
  #ours(began: number, newest = Number.POSITIVE_INFINITY): Promise<Updater> {
    return Updater.open({
      dir: this.#options.folder,
      baseUrl: 'https://vault.example/',
      root: this.#first,
      now: () => new Date(began),
      fetcher: defineFetcher({
        open: async (url, { offset }) => {
          const bytes = await this.#get(decodeURIComponent(url.pathname.slice(1)));
          const root = /(\d+)\.root\.json$/.exec(url.pathname)?.[1];
          if (bytes === null || Number(root ?? 0) > newest) throw new DownloadNotFoundError(url.pathname);
          return pieces(bytes.subarray(offset));
        },
      }),
    });
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
