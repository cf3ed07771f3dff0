import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { memoryStorage, storageKey, type Storage } from '@ragnos/storage';
import { createRepositoryServer } from '@ragnos/server';
import {
  examineServer,
  examineStore,
  Repository,
  type Diagnosis,
  type HttpObserver,
} from '@ragnos/repository';
import type { Root, Targets } from '@ragnos/tuf';
import { onTestFinished } from 'vitest';
import { listedStore } from '../src/doctor/files.ts';
import type { CheckedHead, CheckedRole } from '../src/doctor/head.ts';
import { loadRepository } from '../src/doctor/load.ts';
import { Keyring, start, testSigner, text, world, type World } from './world.ts';

export const now = new Date(start.getTime() + 60_000);

/** A repository in order: root 2 of 3, one vendor, two targets. */
export async function healthy(storage: Storage = memoryStorage()): Promise<World> {
  const keys = new Keyring();
  keys.held.set('root', [testSigner(), testSigner(), testSigner()]);
  const made = await world({
    keys,
    storage,
    layout: {
      root: { ...keys.role('root'), threshold: 2 },
      timestamp: keys.role('timestamp'),
      snapshot: keys.role('snapshot'),
      targets: keys.role('targets'),
      delegations: [
        keys.delegation('policy', ['policy/*']),
        keys.delegation('vendor.acme', ['vendors/acme/*/*']),
      ],
    },
  });
  const repository = await Repository.open({ storage, signers: keys.source, now: () => start });
  await repository.publish(async (draft) => {
    await draft.add('readme.txt', text('a readme of some length'));
    await draft.add('vendors/acme/hello/index.json', text('{}'));
  });
  await repository.close();
  return made;
}

export async function headOf({ storage }: World): Promise<CheckedHead> {
  const { head } = await loadRepository(await listedStore(storage, undefined), { sample: 512 });
  if (head === null) throw new Error('no head');
  return head;
}

export const inStore = (made: World, more: Parameters<typeof examineStore>[1] = {}): Promise<Diagnosis> =>
  examineStore(made.storage, { now: () => now, ...more });

/** Another root, timestamp, snapshot or role in the head; what signs it does not matter to the pure rules. */
export const withRoot = (head: CheckedHead, change: Partial<Root>): CheckedHead => ({
  ...head,
  root: { ...head.root, signed: { ...head.root.signed, ...change } },
});

export function withRole(head: CheckedHead, name: string, change: Partial<Targets>): CheckedHead {
  const edit = (role: CheckedRole): CheckedRole => ({ ...role, signed: { ...role.signed, ...change } });
  return { ...head, roles: head.roles.map((role) => (role.name === name ? edit(role) : role)) };
}

export interface Answered {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Changes an answer of the real server on its way; `path` is without the leading slash. */
export type Alter = (path: string, asked: IncomingHttpHeaders, answer: Answered) => void;

/** The real server, and before it one that is wrong in one way. */
export async function served(storage: Storage, alter: Alter = () => undefined): Promise<URL> {
  const server = await createRepositoryServer({ storage });
  onTestFinished(() => server.close({ deadline: 50 }));
  const front = createServer((question, response) => {
    response.sendDate = false; // the tests have a time of their own
    const relay = async (): Promise<void> => {
      const path = (question.url ?? '').slice(1);
      const answer = await ask(
        new URL(path, server.url),
        question.method ?? 'GET',
        Object.fromEntries(Object.entries(question.headers).map(([name, value]) => [name, String(value)])),
      );
      delete answer.headers['date'];
      alter(path, question.headers, answer);
      if (question.method !== 'HEAD') answer.headers['content-length'] = String(answer.body.length);
      response
        .writeHead(answer.status, answer.headers)
        .end(question.method === 'HEAD' ? undefined : answer.body);
    };
    relay().catch(() => response.destroy());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  onTestFinished(() => {
    front.close();
    front.closeAllConnections();
  });
  const address = front.address();
  return new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`);
}

export function observer(base: URL): HttpObserver {
  return {
    base,
    ask: async (path, question = {}) => {
      const answer = await ask(new URL(path, base), question.method ?? 'GET', question.headers ?? {});
      return {
        status: answer.status,
        headers: new Map(Object.entries(answer.headers)),
        body: answer.body.subarray(0, question.maxLength ?? 65_536),
      };
    },
  };
}

async function ask(url: URL, method: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, host: url.host }, agent: false }, resolve);
    sent.on('error', reject).end();
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const kept = Object.entries(response.headers).filter(([name]) => !/^(?:connection|keep-alive)$/.test(name));
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
  };
}

export const overHttp = async (made: World, alter?: Alter, at = now): Promise<Diagnosis> =>
  examineServer(observer(await served(made.storage, alter)), { now: () => at });

/** Replaces an object whatever it holds. */
export async function overwrite(storage: Storage, key: string, bytes: Uint8Array): Promise<void> {
  const at = storageKey(key);
  await storage.delete(at);
  await storage.putIfAbsent(at, bytes);
}
