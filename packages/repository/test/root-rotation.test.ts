/**
 * A client pauses between any two of its requests, and in the pause an online key is rotated, or half-rotated: every write of
 * the rotation is a state that it may meet, and any two states may be met by one session. No client of any make fails.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { memoryStorage, read, type Storage } from '@ragnos/storage';
import { metadataOf, noLedger, review, signEvent, type Repository } from '@ragnos/repository';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ours, peerClient, type Client } from '../../../interop/lib/job.ts';
import { tempFolder, testSigner, text, world, type World } from './world.ts';

type Files = ReadonlyMap<string, Uint8Array>;

const interop = join(import.meta.dirname, '..', '..', '..', 'interop');
const peers = new Map<string, Client>();
const python = join(interop, 'python-tuf', '.venv', 'bin', 'python');
if (existsSync(python))
  peers.set('python-tuf', peerClient({ command: python, before: [join(interop, 'python-tuf', 'peer.py')] }));
if (existsSync(join(interop, 'tuf-js', 'node_modules', 'tuf-js')))
  peers.set(
    'tuf-js',
    peerClient({ command: process.execPath, before: [join(interop, 'tuf-js', 'peer.mjs')] }),
  );

/** What the server shows: `before` for the first `pause` requests, `after` from then on. */
let session: { readonly before: Files; readonly after: Files; readonly pause: number };
let asked = 0;
let server: Server;
let url = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const files = asked++ < session.pause ? session.before : session.after;
    const bytes = files.get(decodeURIComponent((request.url ?? '').slice(1)));
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
});
afterAll(() => void server.close());

async function filesIn(storage: Storage): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for await (const { key } of storage.list('')) {
    const found = await read(storage, key, { maxLength: 1e7 });
    if (found !== null) files.set(key, found.bytes);
  }
  return files;
}

/** Every state that `run` leaves the store in, the one before it included, up to the one with the new root. */
async function statesOf(
  made: World,
  run: (repository: Repository) => Promise<unknown>,
): Promise<readonly Files[]> {
  const states = [await filesIn(made.storage)];
  const seen = async <T>(result: Promise<T>): Promise<T> => {
    const value = await result;
    states.push(await filesIn(made.storage));
    return value;
  };
  const storage: Storage = {
    ...made.storage,
    putIfAbsent: (...args) => seen(made.storage.putIfAbsent(...args)),
    compareAndSwap: (...args) => seen(made.storage.compareAndSwap(...args)),
  };
  await run(await made.open({ storage }));
  const put = states.findIndex((files) => files.has('metadata/3.root.json'));
  return put < 0 ? states : states.slice(0, put + 2); // and what is signed after it
}

const contents = new Map([['tool', Buffer.from('a tool')]]);

async function published(): Promise<World> {
  const made = await world({ storage: memoryStorage() });
  made.now = new Date();
  const repository = await made.open();
  await repository.refresh({ force: true });
  await repository.publish((draft) => draft.add('tool', text('a tool')));
  return made;
}

/** How many sessions of `client` there were; each ends well. */
async function everySession(
  name: string,
  client: Client,
  made: World,
  states: readonly Files[],
): Promise<number> {
  const folder = await tempFolder();
  const root = join(folder, 'root.json');
  await writeFile(root, made.root);
  let sessions = 0;
  const run = async (plan: typeof session, out: string): Promise<number> => {
    session = plan;
    asked = 0;
    sessions++;
    const outcome = await client({ root, url, out, contents, limitMs: 60_000 });
    expect([name, outcome]).toEqual([name, { kind: 'accepted' }]);
    return asked;
  };
  const [first = new Map()] = states;
  const old = join(folder, 'old');
  await run({ before: first, after: first, pause: 0 }, old);
  for (const [from, before] of states.entries())
    for (const after of states.slice(from))
      // One that never was here meets the first state; one that was may meet any.
      for (const age of from === 0 ? ['new', 'old'] : ['old']) {
        let requests = 1;
        for (let pause = before === after ? 0 : 1; pause <= (before === after ? 0 : requests); pause++) {
          const out = join(folder, `${sessions}`);
          if (age === 'old') await cp(old, out, { recursive: true });
          else await mkdir(out);
          requests = Math.max(requests, await run({ before, after, pause }, out));
        }
      }
  return sessions;
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
  expect(await everySession('ours', ours, made, states)).toBeGreaterThan(25);
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
  expect(await everySession('ours', ours, made, states)).toBeGreaterThan(25);
});

test('rotating timestamp: the peers that are set up here', { timeout: 600_000 }, async () => {
  const { made, states } = await rotation('timestamp');
  const upTo = states.slice(0, 3);
  expect(upTo.at(-1)?.has('metadata/3.root.json')).toBe(true);
  for (const [name, client] of peers)
    expect(await everySession(name, client, made, upTo)).toBeGreaterThan(15);
});
