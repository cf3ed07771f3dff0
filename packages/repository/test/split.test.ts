/** A role that outgrows one file is split by hash, while it is published to and read from. */
import { setImmediate as breathe } from 'node:timers/promises';
import { array, assert, asyncProperty, constant, integer, oneof } from 'fast-check';
import { expect, test } from 'vitest';
import { bestBits } from '@ragnos/repository';
import { clientOf, start, TestClient, text, world, type World } from './world.ts';

const path = (number: number): string => `vendors/acme/p${number}/index.json`;

async function filled(count: number): Promise<World> {
  const made = await world();
  const repository = await made.open({ mutable: () => true });
  await repository.publish(async (draft) => {
    for (let number = 0; number < count; number++) await draft.add(path(number), text(`content ${number}`));
  });
  return made;
}

/** Of `count` targets, those that the client finds with their content. */
async function readable(client: TestClient, count: number): Promise<number> {
  let good = 0;
  for (let number = 0; number < count; number++)
    if ((await client.read(path(number))) === `content ${number}`) good++;
  return good;
}

test('the number of bins is the one that writes the least, rounded to a power of two', () => {
  expect([10, 1_000, 10_000, 100_000, 1_000_000].map((targets) => bestBits(targets))).toEqual([
    2, 5, 7, 8, 10,
  ]);
  expect(bestBits(0)).toBe(1);
  expect(bestBits(1e12)).toBe(14);
});

test.each(['succinct', 'prefixes'] as const)('split, published to, split anew (%s)', async (style) => {
  const made = await filled(40);
  const repository = await made.open({ mutable: () => true });
  const old = await clientOf(made);
  await repository.editRoles([{ kind: 'split', role: 'vendor.acme', bins: { bitLength: 3, style } }]);
  expect(await readable(old, 40)).toBe(40); // under way with what it knew
  const first = await clientOf(made);
  expect(await readable(first, 40)).toBe(40);
  await repository.publish((draft) => draft.add(path(40), text('content 40')));
  await repository.editRoles([{ kind: 'split', role: 'vendor.acme', bins: { bitLength: 5, style } }]);
  expect(await readable(first, 40)).toBe(40);
  const second = await clientOf(made);
  expect(await readable(second, 41)).toBe(41);
  expect((await second.readAll()).filter((name) => name.startsWith('vendor.acme.5-'))).toHaveLength(32);
  for (const name of first.set.snapshot?.meta.keys() ?? [])
    expect(second.set.snapshot?.meta.has(name)).toBe(true); // a role that was listed stays listed
  const { roles } = await repository.status();
  expect(roles.find(({ role }) => role === 'vendor.acme')?.targets).toBe(41);
});

test(
  'while others publish and read: nothing is lost, nobody sees an error',
  { timeout: 60_000 },
  async () => {
    const made = await filled(20);
    const [splitting, publishing] = await Promise.all([
      made.open({ mutable: () => true }),
      made.open({ mutable: () => true }),
    ]);
    const done = new AbortController();
    const reader = (async () => {
      let seen = 20;
      while (!done.signal.aborted) {
        const client = await clientOf(made);
        expect(await readable(client, seen)).toBe(seen);
        while ((await client.find(path(seen))) !== null) seen++;
        await breathe(); // a store in memory would leave nobody else a turn
      }
      return seen;
    })();
    const publishes = (async () => {
      for (let number = 20; number < 32; number++)
        await publishing.publish((draft) => draft.add(path(number), text(`content ${number}`)));
    })();
    const splits = (async () => {
      for (const bitLength of [2, 4, 3])
        await splitting.editRoles([{ kind: 'split', role: 'vendor.acme', bins: { bitLength } }]);
    })();
    await Promise.all([splits, publishes]).finally(() => done.abort());
    await reader;
    expect(await readable(await TestClient.refresh(made.storage, made.root, start), 32)).toBe(32);
  },
);

test('any sequence of splits and publishes keeps every target', { timeout: 60_000 }, async () => {
  const step = oneof(constant('publish' as const), integer({ min: 1, max: 4 }));
  await assert(
    asyncProperty(array(step, { maxLength: 6 }), async (steps) => {
      const made = await filled(5);
      const repository = await made.open({ mutable: () => true });
      let count = 5;
      for (const one of steps)
        if (one === 'publish') {
          const number = count++;
          await repository.publish((draft) => draft.add(path(number), text(`content ${number}`)));
        } else await repository.editRoles([{ kind: 'split', role: 'vendor.acme', bins: { bitLength: one } }]);
      expect(await readable(await clientOf(made), count)).toBe(count);
    }),
    { numRuns: 12 },
  );
});

test('what cannot be split is refused', async () => {
  const made = await filled(1);
  const repository = await made.open();
  const split = (role: string, bitLength: number) =>
    repository.editRoles([{ kind: 'split', role, bins: { bitLength } }]);
  await expect(split('targets', 2)).rejects.toMatchObject({ code: 'BAD_LAYOUT' });
  await expect(split('nobody', 2)).rejects.toMatchObject({ code: 'UNKNOWN_ROLE' });
  await expect(split('vendor.acme', 0)).rejects.toMatchObject({ code: 'BAD_LAYOUT' });
  await expect(split('vendor.acme', 15)).rejects.toMatchObject({ code: 'BAD_LAYOUT' });
});
