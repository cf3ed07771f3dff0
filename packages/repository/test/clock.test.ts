/** A clock that is behind signs nothing: what it signs would expire too early, and over something good. */
import { initRepository, Repository, clockAhead, signedAt } from '@ragnos/repository';
import { expect, test } from 'vitest';
import { clientOf, layoutOf, start, text, world, type World } from './world.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const containing = (part: string): unknown => expect.stringContaining(part);
const by = (made: World, milliseconds: number): void => {
  made.now = new Date(made.now.getTime() + milliseconds);
};

test('behind the one that signed last: publish, refresh and a new root are refused, and nothing is written', async () => {
  const made = await world();
  const repository = await made.open();
  await repository.publish((draft) => draft.add('a', text('a')));
  by(made, -30 * day);
  const refused = {
    code: 'CLOCK_BEHIND',
    message: containing(
      'the clock here is 30 d behind the one that signed the newest timestamp: it says 2029-12-02T00:00:00Z, and that was signed at 2030-01-01T00:00:00Z',
    ),
  };
  await expect(repository.publish((draft) => draft.add('b', text('b')))).rejects.toMatchObject(refused);
  await expect(repository.refresh()).rejects.toMatchObject(refused);
  await expect(repository.refresh({ force: true })).rejects.toMatchObject(refused);
  await expect(
    repository.editRoles([{ kind: 'keys', role: 'timestamp', ...made.keys.role('timestamp') }]),
  ).rejects.toMatchObject(refused);
  expect((await repository.timestamp()).version).toBe(2);
  by(made, 30 * day);
  await repository.publish((draft) => draft.add('b', text('b')));
  expect(await (await clientOf(made)).read('b')).toBe('b');
});

test('five minutes are within what honest clocks differ by, and do not add up', async () => {
  const made = await world();
  const repository = await made.open();
  for (const name of ['a', 'b']) {
    by(made, -2 * minute);
    await repository.publish((draft) => draft.add(name, text(name)));
    expect(signedAt(await repository.timestamp())).toEqual(start);
  }
  by(made, -2 * minute);
  await expect(repository.publish((draft) => draft.add('c', text('c')))).rejects.toMatchObject({
    code: 'CLOCK_BEHIND',
  });
});

test('another lifetime in the settings is no other clock', async () => {
  const made = await world();
  const life = 1;
  const short = { root: life, targets: life, snapshot: life, timestamp: life, delegated: life };
  const repository = await made.open({ lifetimes: { ...short, root: 400, snapshot: 60, timestamp: 30 } });
  expect((await repository.refresh({ force: true })).changed).toBe(true);
});

test('a clock that was ahead: told, not refused; and the way back is said, and explicit', async () => {
  const made = await world();
  const repository = await made.open();
  by(made, 400 * day);
  expect(clockAhead(await repository.timestamp(), made.now)).toMatch(
    /^nothing was signed here for 400 d, if the clock is right/,
  );
  await repository.refresh({ force: true });
  by(made, -400 * day);
  await expect(repository.refresh({ force: true })).rejects.toMatchObject({
    code: 'CLOCK_BEHIND',
    hint: containing('--clock-is-right'),
  });
  expect((await repository.refresh({ force: true, clockIsRight: true })).changed).toBe(true);
  expect(signedAt(await repository.timestamp())).toEqual(start);
  expect((await repository.refresh()).changed).toBe(false);
  await clientOf(made);
});

test('a new repository says when it was signed', async () => {
  const made = await world();
  const again = await world();
  expect(signedAt(await (await made.open()).timestamp())).toEqual(start);
  await expect(
    initRepository(again.storage, { layout: layoutOf(again.keys), signers: again.keys.source }),
  ).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' });
  const opened = await Repository.open({
    storage: again.storage,
    signers: again.keys.source,
    now: () => new Date(0),
  });
  await expect(opened.refresh()).rejects.toMatchObject({ code: 'CLOCK_BEHIND' });
});
