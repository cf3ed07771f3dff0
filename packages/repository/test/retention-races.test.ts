/** `collect` beside slow publishers and slow clients, at every moment that hurts. */
import { storageKey, type Storage } from '@ragnos/storage';
import {
  collect,
  noteHead,
  publishDeadline,
  putFresh,
  restoreLost,
  Repository,
  type Content,
  type Deadline,
} from '@ragnos/repository';
import { describe, expect, test, vi } from 'vitest';
import { hour, keyOf, minute, retained, SlowClient, type Retained } from './retention-world.ts';
import { clientOf, text } from './world.ts';

vi.setConfig({ testTimeout: 60_000 }); // real stores and staging folders, on machines that have other work too

const path = 'vendors/acme/slow/1';
const content = 'of a slow publisher';
const key = keyOf(path, content);
const grace = 24 * hour;

/** A repository with a leftover of a publish that was killed, older than the grace, that nothing names. */
async function withLeftover(age: number): Promise<Retained> {
  const it = await retained();
  await it.publish(['index.json', 'one']);
  await noteHead(it.made.storage, it.staging);
  await it.made.storage.putIfAbsent(storageKey(key), text(content));
  for (let left = age; left > 0; left -= 10 * hour) {
    it.later(Math.min(left, 10 * hour));
    await it.repository.refresh();
  }
  await it.repository.refresh({ force: true });
  return it;
}

/**
 * The store as a publisher uses it that keeps the rules of retention: contents by `putFresh`, the deadline before the commit,
 * `restoreLost` after it. `pause` runs between the last of them and the snapshot.
 */
function byTheRules(it: Retained, pause: () => Promise<void>, uptime: () => number): Storage {
  const { storage } = it.made;
  const rewritten = new Map<string, Content>();
  let deadline: Deadline | null = null;
  return {
    ...storage,
    putIfAbsent: async (at, body, meta, options) => {
      if (!at.startsWith('targets/') || !(body instanceof Uint8Array)) {
        if (at.endsWith('.snapshot.json')) {
          await pause();
          deadline?.check();
        }
        return storage.putIfAbsent(at, body, meta, options);
      }
      deadline ??= publishDeadline(grace, uptime);
      const stored = await putFresh(storage, at, body, { grace, now: it.made.now });
      if (stored === 'rewritten') rewritten.set(at, body);
      return { created: false };
    },
    compareAndSwap: async (at, ...rest) => {
      const swap = await storage.compareAndSwap(at, ...rest);
      await restoreLost(storage, rewritten);
      return swap;
    },
  };
}

async function publishSlowly(it: Retained, pause: () => Promise<void>): Promise<void> {
  const began = it.made.now.getTime();
  const uptime = (): number => it.made.now.getTime() - began;
  const repository = await Repository.open({
    storage: byTheRules(it, pause, uptime),
    signers: it.made.keys.source,
    now: () => it.made.now,
  });
  try {
    await repository.publish((draft) => draft.add(path, text(content)));
  } finally {
    await repository.close();
  }
}

describe('a slow publisher', () => {
  test('the leftover is garbage, as long as nobody publishes it', async () => {
    const it = await withLeftover(26 * hour);
    expect((await it.gc({ apply: false })).garbage.map((file) => file.key)).toContain(key);
  });

  test.for([0, 1, 6, 11])('that finds a leftover and commits %i hours later loses nothing', async (hours) => {
    const it = await withLeftover(26 * hour);
    await publishSlowly(it, async () => {
      it.later(hours * hour);
      await it.gc();
    });
    await it.gc();
    it.later(20 * hour);
    await it.repository.refresh();
    await it.gc();
    expect(await (await clientOf(it.made)).read(path)).toBe(content);
  });

  test('that finds a young leftover need not write it again', async () => {
    const it = await withLeftover(11 * hour);
    const before = await it.made.storage.head(storageKey(key));
    await publishSlowly(it, async () => {
      it.later(11 * hour);
      await it.gc();
    });
    expect(await it.made.storage.head(storageKey(key))).toEqual(before);
    expect(await (await clientOf(it.made)).read(path)).toBe(content);
  });

  test('that takes longer than half the grace gives up, and publishes nothing', async () => {
    const it = await withLeftover(26 * hour);
    const slow = publishSlowly(it, () => Promise.resolve(it.later(13 * hour)));
    await expect(slow).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await (await clientOf(it.made)).read(path)).toBeNull();
    await it.repository.publish((draft) => draft.add(path, text(content)));
    expect(await (await clientOf(it.made)).read(path)).toBe(content);
  });

  test('that writes it anew after it was listed: it is spared', async () => {
    const it = await withLeftover(26 * hour);
    const { storage } = it.made;
    let listings = 0;
    const watched: Storage = {
      ...storage,
      async *list(prefix, options) {
        // The first three are the listing that comes before the head; what follows is the look right before deleting.
        if (++listings === 4) await publishSlowly(it, () => Promise.resolve());
        yield* storage.list(prefix, options);
      },
    };
    const done = await collect({
      storage: watched,
      staging: it.staging,
      now: () => it.made.now,
      apply: true,
    });
    expect(listings).toBeGreaterThan(3);
    expect(done.garbage.map((file) => file.key)).toContain(key); // as it was listed
    expect(done.spared).toBe(1);
    expect(await (await clientOf(it.made)).read(path)).toBe(content);
  });

  test('whose file is deleted in the very moment: it is stored again after the commit', async () => {
    const it = await withLeftover(26 * hour);
    await publishSlowly(it, async () => it.made.storage.delete(storageKey(key)));
    expect(await (await clientOf(it.made)).read(path)).toBe(content);
  });

  test('what was committed after the listing is not in it', async () => {
    const it = await withLeftover(26 * hour);
    const { storage } = it.made;
    const fresh = keyOf('vendors/acme/fresh/1', 'fresh');
    let heads = 0;
    const watched: Storage = {
      ...storage,
      get: async (at, options) => {
        if (at === 'metadata/timestamp.json' && heads++ === 0)
          await it.publish(['vendors/acme/fresh/1', 'fresh'], ['index.json', 'two']);
        return storage.get(at, options);
      },
    };
    await collect({ storage: watched, staging: it.staging, now: () => it.made.now, apply: true });
    expect(await it.keys()).toContain(fresh);
    await (await clientOf(it.made)).readAll();
  });
});

/** The same sequence each time for one seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

describe('a slow client', () => {
  test.for([1, 2, 3, 4, 5, 6, 7, 8])(
    'of less than a day always succeeds, whatever happens between its steps (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const it = await retained();
      const roll = dice(seed * 7919);
      const paths = ['a', 'b', 'c'].map((name) => `vendors/acme/${name}/index.json`);
      let clients: SlowClient[] = [];
      let finished = 0;
      let deleted = 0;
      for (let turn = 0; turn < 90; turn++) {
        it.later(roll(100) * minute);
        await it.repository.refresh();
        const at = paths[roll(paths.length)] ?? '';
        switch (roll(6)) {
          case 0:
          case 1:
            await it.publish([at, `content ${roll(4)}`]);
            break;
          case 2:
            await it.remove(at);
            break;
          case 3:
            await it.made.storage.putIfAbsent(storageKey(keyOf(at, `left ${turn}`)), text(`left ${turn}`));
            break;
          case 4:
            clients.push(new SlowClient(it.made, at));
            break;
          default:
            deleted += (await it.gc({ grace: 12 * hour })).garbage.length;
        }
        clients = clients.filter(
          (client) => it.made.now.getTime() - client.began.getTime() <= 24 * hour && !client.done,
        );
        for (const client of clients) if (roll(8) === 0) await client.step();
        finished += clients.filter((client) => client.done).length;
      }
      expect(finished).toBeGreaterThan(2);
      expect(deleted).toBeGreaterThan(5);
      await (await clientOf(it.made)).readAll();
    },
  );
});
