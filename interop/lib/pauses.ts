import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { read, type Storage } from '@ragnos/storage';
import type { Outcome } from './outcome.ts';

/** Everything that a store holds at one moment. */
export type Files = ReadonlyMap<string, Uint8Array>;

export async function filesIn(storage: Storage): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for await (const { key } of storage.list('')) {
    const found = await read(storage, key, { maxLength: 1e7 });
    if (found !== null) files.set(key, found.bytes);
  }
  return files;
}

/**
 * The same store, which keeps every state that a write leaves it in; the first is the one before. With `visible` only those in
 * which a client sees something else: a new timestamp.json or a new root. A file that nothing names yet is never asked for.
 */
export async function watched(
  storage: Storage,
  { visible = false } = {},
): Promise<{ readonly storage: Storage; readonly states: readonly Files[] }> {
  const states = [await filesIn(storage)];
  const seen = async <T>(key: string, result: Promise<T>): Promise<T> => {
    const value = await result;
    if (!visible || /^metadata\/(timestamp|\d+\.root)\.json$/.test(key)) states.push(await filesIn(storage));
    return value;
  };
  return {
    states,
    storage: {
      ...storage,
      putIfAbsent: (key, ...rest) => seen(key, storage.putIfAbsent(key, ...rest)),
      compareAndSwap: (key, ...rest) => seen(key, storage.compareAndSwap(key, ...rest)),
    },
  };
}

interface Session {
  readonly before: Files;
  readonly after: Files;
  readonly pause: number;
}

export interface StatesServer {
  readonly url: string;
  /** From here on: `before` for the first `pause` requests, `after` for the rest. */
  begin(session: Session): void;
  /** Requests since. */
  readonly asked: number;
  close(): void;
}

export async function serveStates(): Promise<StatesServer> {
  let session: Session = { before: new Map(), after: new Map(), pause: 0 };
  let asked = 0;
  const server = createServer((request, response) => {
    const files = asked++ < session.pause ? session.before : session.after;
    const bytes = files.get(decodeURIComponent((request.url ?? '').slice(1)));
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`,
    begin: (next) => {
      session = next;
      asked = 0;
    },
    get asked() {
      return asked;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface Pausing {
  readonly server: StatesServer;
  readonly states: readonly Files[];
  /** Where clients keep what they keep; `root.json` is made in it. */
  readonly folder: string;
  readonly root: Uint8Array;
  readonly run: (job: { readonly out: string; readonly root: string }) => Promise<Outcome>;
  /** Told of every session that ended. */
  readonly onOutcome: (outcome: Outcome, session: string) => void;
}

/**
 * Every session that begins in one state and goes on in a later one from its n-th request on, for every pair of them and every
 * n; by a client that was never here, and by one that saw the first state. Resolves with how many there were.
 */
export async function everySession(pausing: Pausing): Promise<number> {
  const { server, states, folder } = pausing;
  await mkdir(folder, { recursive: true });
  const root = join(folder, 'root.json');
  await writeFile(root, pausing.root);
  let sessions = 0;
  const run = async (session: Session, out: string, name: string): Promise<number> => {
    server.begin(session);
    sessions++;
    pausing.onOutcome(await pausing.run({ out, root }), name);
    return server.asked;
  };
  const [first = new Map()] = states;
  const old = join(folder, 'old');
  await run({ before: first, after: first, pause: 0 }, old, 'the first state');
  for (const [from, before] of states.entries())
    for (const [to, after] of states.entries()) {
      if (to < from) continue;
      // One that never was here meets the first state; one that was may meet any.
      for (const age of from === 0 ? ['new', 'old'] : ['old']) {
        let requests = 1;
        for (let pause = from === to ? 0 : 1; pause <= (from === to ? 0 : requests); pause++) {
          const out = join(folder, `${sessions}`);
          if (age === 'old') await cp(old, out, { recursive: true });
          else await mkdir(out);
          const name = `${age}, state ${from} and from request ${pause} on state ${to}`;
          requests = Math.max(requests, await run({ before, after, pause }, out, name));
        }
      }
    }
  return sessions;
}
