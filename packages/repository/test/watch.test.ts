/** Watching a repository by a clock that runs as fast as the tests do. */
import { memoryStorage, StorageError, type Storage } from '@ragnos/storage';
import { SigningError } from '@ragnos/signing';
import { watch, type WatchEnd, type WatchEvent, type WatchOptions, type WatchTime } from '@ragnos/repository';
import { expect, test } from 'vitest';
import { clientOf, start, world, type World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Watched {
  readonly events: WatchEvent[];
  readonly waits: number[];
  /** Runs until the clock has gone on by `milliseconds`, or until it ends by itself. */
  run(milliseconds: number, options?: Partial<WatchOptions>): Promise<WatchEnd>;
  /** Called after each wait. */
  onWait: () => void | Promise<void>;
  /** Moves the clock, and not the time. */
  jump(milliseconds: number): void;
  open: WatchOptions['open'];
}

function watched(made: World): Watched {
  const events: WatchEvent[] = [];
  const waits: number[] = [];
  let up = 0;
  let seed = 1;
  const self: Watched = {
    events,
    waits,
    onWait: () => undefined,
    open: () => made.open(),
    jump: (milliseconds) => void (made.now = new Date(made.now.getTime() + milliseconds)),
    run: (milliseconds, options = {}) => {
      const stop = new AbortController();
      const until = up + milliseconds;
      const time: WatchTime = {
        now: () => made.now,
        uptime: () => up,
        random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
        sleep: async (wait) => {
          waits.push(wait);
          up += wait;
          self.jump(wait);
          await self.onWait();
          if (up >= until) stop.abort();
        },
      };
      const onEvent = (event: WatchEvent): Promise<void> => Promise.resolve(void events.push(event));
      return watch({ open: self.open, onEvent, signal: stop.signal, time, ...options });
    },
  };
  return self;
}

const troubles = (events: readonly WatchEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === 'refreshed' ? [] : [`${event.kind}: ${event.trouble}`]));

test(
  'for ten days clients of any moment succeed, and nothing is signed twice',
  { timeout: 60_000 },
  async () => {
    const made = await world();
    const watcher = watched(made);
    watcher.onWait = async () => void (await clientOf(made));
    const end = await watcher.run(10 * day, { every: hour });
    expect(end).toEqual({ reason: 'stopped', pending: [], error: null });
    expect(troubles(watcher.events)).toEqual([]);
    expect(watcher.events.length).toBeGreaterThan(15); // each timestamp lives a day, and half of it
    expect(watcher.events.length).toBeLessThan(25);
    expect(new Set(watcher.waits).size).toBeGreaterThan(100); // jitter: no two watchers stay in step
    expect(Math.max(...watcher.waits)).toBeLessThan(hour + minute);
  },
);

test('a role whose keys are elsewhere is told once, then daily, and the rest goes on', async () => {
  const made = await world();
  const watcher = watched(made);
  const held = made.keys.held.get('vendor.acme') ?? [];
  made.keys.held.delete('vendor.acme');
  watcher.jump(61 * day);
  const end = await watcher.run(2.5 * day, { every: hour });
  expect(end).toMatchObject({ reason: 'stopped', pending: ['vendor.acme'] });
  expect(troubles(watcher.events)).toEqual(Array(3).fill('trouble: keys-missing'));
  expect(watcher.events.find(({ kind }) => kind === 'trouble')).toMatchObject({
    roles: ['vendor.acme'],
    message: 'due, and its keys are not at hand: vendor.acme',
    code: 'SIGNATURES_MISSING',
  });
  expect(watcher.events.filter(({ kind }) => kind === 'refreshed').length).toBeGreaterThan(3);
  made.keys.held.set('vendor.acme', held);
  watcher.events.length = 0;
  await clientOf(made);
});

test('it is told when they have come', async () => {
  const made = await world();
  const watcher = watched(made);
  const held = made.keys.held.get('vendor.acme') ?? [];
  made.keys.held.delete('vendor.acme');
  watcher.jump(61 * day);
  watcher.onWait = () => void (watcher.waits.length === 3 && made.keys.held.set('vendor.acme', held));
  expect((await watcher.run(5 * hour, { every: hour })).pending).toEqual([]);
  expect(troubles(watcher.events)).toEqual(['trouble: keys-missing', 'recovered: keys-missing']);
});

test('without the key of the timestamp nothing can be signed: it ends', async () => {
  const made = await world();
  made.keys.held.delete('timestamp');
  const watcher = watched(made);
  const end = await watcher.run(5 * day);
  expect(end).toMatchObject({ reason: 'keys-missing', pending: ['timestamp'] });
  expect(made.now.getTime() - start.getTime()).toBeLessThan(13 * hour); // at once, half a day before clients break
  expect(watcher.events.at(-1)).toMatchObject({ trouble: 'keys-missing', roles: ['timestamp'] });
});

/** A store that does not answer while `away` says so. */
function unsteady(away: () => boolean, storage = memoryStorage()): Storage {
  const answer = <T>(result: T): T => {
    if (away()) throw new StorageError('STORAGE_UNAVAILABLE', 'no answer');
    return result;
  };
  return {
    ...storage,
    get: async (...args) => answer(storage.get(...args)),
    head: async (...args) => answer(storage.head(...args)),
    putIfAbsent: async (...args) => answer(storage.putIfAbsent(...args)),
    compareAndSwap: async (...args) => answer(storage.compareAndSwap(...args)),
  };
}

test('a store that is away for an hour: it backs off, tells, comes back', async () => {
  let away = false;
  const made = await world({ storage: unsteady(() => away) });
  const watcher = watched(made);
  const at = (hours: number): boolean => made.now.getTime() > start.getTime() + hours * hour;
  const during: number[] = [];
  watcher.onWait = () => {
    if (away) during.push(watcher.waits.at(-1) ?? 0);
    away = at(1) && !at(2);
  };
  expect(await watcher.run(26 * hour)).toMatchObject({ reason: 'stopped', pending: [] });
  expect(troubles(watcher.events)).toEqual(['trouble: unreachable', 'recovered: unreachable']);
  expect(during.slice(0, 3).every((wait) => wait < 10_000)).toBe(true);
  expect(Math.max(...during)).toBeLessThanOrEqual(5 * minute);
  await clientOf(made);
});

test('a short outage is nobody’s business', async () => {
  let away = false;
  const made = await world({ storage: unsteady(() => away) });
  const watcher = watched(made);
  watcher.onWait = () => void (away = watcher.waits.length >= 3 && watcher.waits.length < 6);
  await watcher.run(3 * hour);
  expect(troubles(watcher.events)).toEqual([]);
});

test('a store that is away from the start for too long: it gives up', async () => {
  let away = false;
  const made = await world({ storage: unsteady(() => away) });
  away = true;
  const watcher = watched(made);
  const end = await watcher.run(day);
  expect(end).toMatchObject({ reason: 'unreachable', error: { code: 'STORAGE_UNAVAILABLE' } });
  const lasted = made.now.getTime() - start.getTime();
  expect(lasted).toBeGreaterThanOrEqual(6 * hour);
  expect(lasted).toBeLessThan(6 * hour + 6 * minute);
  expect(troubles(watcher.events)).toEqual(['trouble: unreachable']);
});

test('a wrong password at the start is an error; later it is told at once, and it gives up', async () => {
  const made = await world();
  const watcher = watched(made);
  const wrong = new SigningError('BAD_PASSWORD', 'wrong password');
  watcher.open = () => Promise.reject(wrong);
  await expect(watcher.run(day)).rejects.toBe(wrong);
  watcher.open = async () => {
    const repository = await made.open();
    let calls = 0;
    return {
      status: (call) => repository.status(call),
      refresh: (call) => (calls++ < 3 ? repository.refresh(call) : Promise.reject(wrong)),
    };
  };
  const end = await watcher.run(day, { giveUpAfter: hour });
  expect(end).toMatchObject({ reason: 'refused', error: wrong });
  expect(watcher.events.at(-1)).toMatchObject({ trouble: 'refused', code: 'BAD_PASSWORD' });
});

test('a store that went back is told at once, and nothing is signed on it', async () => {
  const made = await world();
  const watcher = watched(made);
  watcher.onWait = async () => {
    if (watcher.waits.length !== 80) return;
    const older = await world({ keys: made.keys }); // another repository under the same address
    for await (const { key } of made.storage.list('')) await made.storage.delete(key);
    for await (const { key } of older.storage.list('')) {
      const found = await older.storage.get(key);
      const chunks: Uint8Array[] = [];
      for await (const chunk of found?.body ?? []) chunks.push(chunk);
      await made.storage.putIfAbsent(key, Buffer.concat(chunks));
    }
  };
  const end = await watcher.run(2 * day);
  expect(end).toMatchObject({ reason: 'refused', error: { code: 'STORE_WENT_BACK' } });
  expect(troubles(watcher.events)).toEqual(['trouble: refused']);
});

test('a clock that is set is noticed, in both directions', async () => {
  const made = await world();
  const watcher = watched(made);
  watcher.onWait = () => {
    if (watcher.waits.length === 3) watcher.jump(2 * hour);
    if (watcher.waits.length === 6) watcher.jump(-90 * minute);
    if (watcher.waits.length === 9) watcher.jump(30_000);
  };
  await watcher.run(3 * hour);
  const said = watcher.events.flatMap((event) => (event.kind === 'trouble' ? [event.message] : []));
  expect(said).toEqual([
    expect.stringMatching(/^the clock here jumped 2 h ahead/),
    expect.stringMatching(/^the clock here jumped 1 h 30 min back/),
  ]);
});

test('a clock that is behind the one that signed is noticed', async () => {
  const made = await world();
  const watcher = watched(made);
  watcher.jump(-3 * day);
  await watcher.run(hour);
  expect(watcher.events).toMatchObject([
    {
      trouble: 'clock',
      code: 'CLOCK_BEHIND',
    },
  ]);
  const [event] = watcher.events;
  expect(event?.kind === 'trouble' ? event.message : '').toMatch(
    /^the clock here is 3 d behind the one that signed the newest timestamp: it says 2029-12-29T/,
  );
  watcher.jump(3 * day);
  await watcher.run(hour);
  expect((await (await made.open()).status()).roles.every(({ next }) => next === 'none')).toBe(true);
});
