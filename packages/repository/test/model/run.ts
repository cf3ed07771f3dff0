import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Repository, type AuditOptions, type Client, type Lifetimes } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { memoryStorage } from '@ragnos/storage';
import { vi } from 'vitest';
import { Keyring, layoutOf, start, testSigner, world, type World } from '../world.ts';
import { workOf } from './doing.ts';
import type { Waiting } from './event-work.ts';
import { History } from './history.ts';
import { Lane } from './lane.ts';
import { restart, type Doing, type Step } from './ops.ts';
import { Schedule } from './schedule.ts';
import { Sessions } from './sessions.ts';
import { farRole, isMutable } from './state.ts';
import type { Hands, Refusals, Work } from './work.ts';

const hour = 3_600_000;
const day = 24 * 60 * 60;

/** Short, so that an hour or two of a step brings work for `refresh`. */
const lifetimes: Lifetimes = { root: 6 * day, targets: 3 * day, snapshot: 2 * day, timestamp: day, delegated: 3 * day }; // prettier-ignore

const audit: AuditOptions = { actor: { type: 'user', name: 'model' }, host: 'desk', tool: 'test 1' }; // prettier-ignore

/** What goes on below the model, seen again by every kind of client. */
export interface RunOptions {
  /** Each object of the repository keeps a journal, and remembers what it saw. Default: in memory only. */
  readonly staging?: boolean;
  /** Other clients that are served. */
  readonly compat?: readonly Client[];
  /** Told of each operation, and of what became of events. */
  readonly tell?: (what: string) => void;
  /** One of the clients is the one of `@ragnos/client`, with a folder. */
  readonly updater?: boolean;
}

/** One repository, from its making on. Time stands still but for the hours of the steps; the clock has to be a false one. */
export async function run(steps: readonly Step[], options: RunOptions = {}): Promise<void> {
  vi.setSystemTime(start);
  const folder = await mkdtemp(join(tmpdir(), 'ragv-model-'));
  try {
    await (await Run.begin(folder, options)).all(steps);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined); // a client may be at it still
  }
}

/** One process that works on the repository, for as long as nobody kills it. */
interface Slot {
  readonly lane: Lane;
  repository: Repository | null;
  work: Work | null;
}

class Run {
  readonly #made: World;
  readonly #folder: string;
  readonly #options: RunOptions;
  readonly #far: Signer[];
  readonly #history: History;
  readonly #sessions: Sessions;
  readonly #schedule = new Schedule();
  readonly #slots = new Map<number, Slot>();
  readonly #events: Waiting[] = [];
  readonly #refusals: Refusals = { sure: [], perhaps: [] };
  readonly #failures: unknown[] = [];
  /** Nothing went wrong so far that could be in the way of what is alone now. */
  #calm = true;

  private constructor(made: World, folder: string, options: RunOptions, far: Signer) {
    this.#made = made;
    this.#folder = folder;
    this.#options = options;
    this.#far = [far];
    const { updater = false, compat = [] } = options;
    this.#history = new History(made.storage, made.root, () => new Date(), compat.includes('tough'));
    const clients = {
      folder: join(folder, 'client'),
      updater,
      tell: options.tell ?? ((): void => undefined),
    };
    this.#sessions = new Sessions(made.storage, made.root, this.#history, this.#schedule, clients);
  }

  static async begin(folder: string, options: RunOptions): Promise<Run> {
    const keys = new Keyring();
    const far = testSigner();
    const delegations = [
      keys.delegation('catalog', ['catalog/*']),
      keys.delegation('vendor.acme', ['vendors/acme/*/*']),
      { name: farRole, paths: ['vendors/far/*/*'], terminating: true, keys: [far.key], threshold: 1 },
    ];
    keys.held.set(farRole, [far]); // for the first, empty file
    const lasting = { ...lifetimes, roles: new Map([[farRole, 300 * day]]) };
    const layout = { ...layoutOf(keys, delegations), lifetimes: lasting };
    const made = await world({ storage: memoryStorage(), keys, layout });
    keys.held.delete(farRole);
    const run = new Run(made, folder, options, far);
    await run.#history.look(null);
    return run;
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
    await this.#sessions.end();
    await this.#upkeep(true);
    this.#sessions.begin([0, 1, 2, 3]);
    await this.#sessions.end();
    for (let left = this.#history.last.log?.restarts ?? 0; left > 0; left--) this.#options.tell?.('restarts');
    this.#checkRefusals(await this.#history.refusals());
    for (const slot of this.#slots.values()) await slot.repository?.close().catch(() => undefined);
  }

  async #step({ hours, doing, clients, seed }: Step): Promise<void> {
    this.#schedule.seed(seed);
    if (hours > 0) {
      await this.#sessions.end(Date.now() + (hours - 20) * hour);
      vi.setSystemTime(Date.now() + hours * hour);
      await this.#upkeep(false);
    }
    this.#sessions.begin(clients);
    await this.#do(doing);
  }

  /** Before anything expires. A log that is lost is given up first. */
  async #upkeep(force: boolean): Promise<void> {
    await this.#history.begin();
    if (this.#history.lost !== null) await this.#do([{ op: restart, fault: null }]);
    await this.#do([{ op: { kind: 'refresh', force }, fault: null }]);
    assert.equal(this.#history.lost, null, 'root has given the log up');
  }

  async #do(doing: readonly Doing[]): Promise<void> {
    await this.#history.begin();
    const alone = doing.length === 1 && this.#calm;
    const works = doing.map(({ op, fault }, index) => {
      const slot = this.#slot(index);
      slot.work = workOf(op);
      return this.#work(slot, slot.work, index, fault, alone && fault === null);
    });
    await this.#schedule.drive(works);
    for (const { lane } of this.#slots.values()) await this.#schedule.drive(lane.takeLate());
    const ended = await Promise.allSettled(works);
    for (const end of ended) if (end.status === 'rejected') this.#failures.push(end.reason);
    if (this.#failures.length > 0) throw new Error('not what the model allows', { cause: this.#failures[0] });
    this.#sessions.check();
    if (doing.length > 1 || doing.some(({ fault }) => fault !== null)) this.#calm = false;
  }

  #slot(index: number): Slot {
    const before = this.#slots.get(index);
    if (before !== undefined && !before.lane.dead) return before;
    const slot: Slot = {
      lane: new Lane(this.#made.storage, this.#schedule, () =>
        this.#history.look(slot.work).catch((error: unknown) => void this.#failures.push(error)),
      ),
      repository: null,
      work: null,
    };
    this.#slots.set(index, slot);
    return slot;
  }

  async #work(slot: Slot, work: Work, index: number, fault: Doing['fault'], alone: boolean): Promise<void> {
    const { lane } = slot;
    await lane.meet(null);
    slot.repository ??= await Repository.open({
      storage: lane.storage,
      signers: this.#made.keys.source,
      mutable: isMutable,
      lifetimes: { ...lifetimes, roles: new Map([[farRole, 300 * day]]) },
      keyOverlap: 2 * day,
      maxAttempts: 30,
      audit,
      compat: this.#options.compat ?? [],
      ...(this.#options.staging === true ? { staging: join(this.#folder, `staging-${index}`) } : {}),
    });
    await lane.meet(fault);
    const hands: Hands = {
      repository: slot.repository,
      storage: lane.storage,
      keys: this.#made.keys,
      far: this.#far,
      history: this.#history,
      events: this.#events,
      compat: this.#options.compat ?? [],
      tell: this.#options.tell ?? ((): void => undefined),
      now: () => new Date(),
      staging: join(this.#folder, 'collect'),
      alone,
      healthy: fault === null,
    };
    hands.tell('operations');
    if (fault !== null) hands.tell('faults');
    await work.run(hands, this.#refusals);
    await lane.meet(null);
    if (lane.dead) await slot.repository.close().catch(() => undefined);
  }

  /** Those that were told are in the log; where something went wrong, they may be. */
  #checkRefusals(found: readonly string[]): void {
    const { sure, perhaps } = this.#refusals;
    const left = [...found];
    for (const code of sure) {
      const at = left.indexOf(code);
      assert(at >= 0, `the refusal ${code} is in the log: ${found.join()}`);
      left.splice(at, 1);
    }
    assert(left.length <= perhaps.length, `more refusals than were said: ${found.join()}`);
  }
}
