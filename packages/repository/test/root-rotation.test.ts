/**
 * A client pauses between any two of its requests, and in the pause an online key is rotated, or half-rotated: every write of
 * the rotation is a state that it may meet, and any two states may be met by one session. `npm run test:peers` has the same of
 * clients of other makes.
 */
import { memoryStorage } from '@ragnos/storage';
import { metadataOf, noLedger, review, signEvent, type Repository } from '@ragnos/repository';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ours, type Client } from '../../../interop/lib/job.ts';
import {
  everySession,
  serveStates,
  watched,
  type Files,
  type StatesServer,
} from '../../../interop/lib/pauses.ts';
import { tempFolder, testSigner, text, world, type World } from './world.ts';

let server: StatesServer;

beforeAll(async () => {
  server = await serveStates();
});
afterAll(() => server.close());

/** Every state that `run` leaves the store in, the one before it included, up to the one with the new root. */
async function statesOf(
  made: World,
  run: (repository: Repository) => Promise<unknown>,
): Promise<readonly Files[]> {
  const { storage, states } = await watched(made.storage);
  await run(await made.open({ storage }));
  const put = states.findIndex((files) => files.has('metadata/3.root.json'));
  return put < 0 ? states : states.slice(0, put + 2); // and what is signed after it
}

const contents = new Map([['tool', Buffer.from('a tool')]]);

async function published(): Promise<World> {
  const made = await world({ storage: memoryStorage() });
  made.now = new Date();
  const repository = await made.open();
  await repository.refresh({ force: true, clockIsRight: true });
  await repository.publish((draft) => draft.add('tool', text('a tool')));
  return made;
}

/** How many sessions of `client` there were; each ends well. */
async function sessionsOf(
  name: string,
  client: Client,
  made: World,
  states: readonly Files[],
): Promise<number> {
  return everySession({
    server,
    states,
    folder: await tempFolder(),
    root: made.root,
    run: ({ out, root }) => client({ root, url: server.url, out, contents, limitMs: 60_000 }),
    onOutcome: (outcome, session) =>
      expect([name, session, outcome]).toEqual([name, session, { kind: 'accepted' }]),
  });
}

async function rotation(role: string): Promise<{ readonly made: World; readonly states: readonly Files[] }> {
  const made = await published();
  const [old] = made.keys.of(role);
  const fresh = testSigner('ecdsa');
  if (old === undefined) throw new Error('no key');
  const states = await statesOf(made, async (repository) => {
    await repository.rotateKey(role, fresh, old);
    made.keys.held.set(role, [fresh, old]); // the old one signs on for the longest session
    await repository.publish((draft) => draft.add('later', text('later')));
  });
  return { made, states };
}

const online = ['timestamp', 'snapshot', 'targets'];

test.for(online)('rotating %s: ours', { timeout: 300_000 }, async (role) => {
  const { made, states } = await rotation(role);
  expect(states.length).toBeGreaterThan(3);
  expect(await sessionsOf('ours', ours, made, states)).toBeGreaterThan(25);
});

test('both online keys in one event: ours', { timeout: 300_000 }, async () => {
  const made = await published();
  const people = [...made.keys.of('root')];
  made.keys.held.delete('root');
  const edits = (['timestamp', 'snapshot'] as const).map((role) => {
    const fresh = testSigner();
    made.keys.of(role).push(fresh);
    return { kind: 'keys', role, keys: [fresh.key], threshold: 1 } as const;
  });
  const states = await statesOf(made, async (repository) => {
    const event = await repository.proposeEvent({ edits, reason: '', deadline: new Date(Date.now() + 1e8) });
    const settings = { ledger: noLedger, now: new Date() };
    const signed = await signEvent(event, review(event, { root: made.root }, new Date()), people, settings);
    const [root] = signed.event.roles;
    if (root === undefined) throw new Error('no root');
    await repository.submitRoot(metadataOf(root));
    await repository.publish((draft) => draft.add('later', text('later')));
  });
  expect(await sessionsOf('ours', ours, made, states)).toBeGreaterThan(25);
});
