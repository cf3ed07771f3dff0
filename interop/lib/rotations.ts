import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initRepository, objectMeta, Repository } from '@ragnos/repository';
import { createRepositoryServer } from '@ragnos/server';
import { fsStorage, memoryStorage, type Storage } from '@ragnos/storage';
import { Keyring, newSigner } from '../repositories/keyring.ts';
import type { Contents } from './job.ts';
import { describe, type Outcome } from './outcome.ts';
import { everySession, serveStates, watched } from './pauses.ts';
import type { PeerName, Program } from './peer.ts';
import { ableToRepeat, ourProgram, startSessions } from './sessions.ts';
import type { Tally } from './tally.ts';

const vendor = 'vendor.acme';
const roles = ['snapshot', 'timestamp', 'targets', vendor] as const;
const contents: Contents = new Map([
  ['top.txt', Buffer.from('a file of targets')],
  ['vendors/acme/tool/1.tgz', Buffer.from('a tool of a vendor')],
]);

async function begin(storage: Storage): Promise<{ readonly keys: Keyring; readonly root: Uint8Array }> {
  const keys = new Keyring();
  const { root } = await initRepository(storage, {
    layout: {
      root: keys.layout('root'),
      timestamp: keys.layout('timestamp'),
      snapshot: keys.layout('snapshot'),
      targets: keys.layout('targets'),
      delegations: [keys.delegation(vendor, ['vendors/acme/*/*'])],
    },
    signers: keys.source,
  });
  const repository = await Repository.open({ storage, signers: keys.source });
  await repository.publish(async (draft) => {
    for (const [path, content] of contents) if (content !== null) await draft.add(path, content);
  });
  await repository.close();
  return { keys, root };
}

/** The old key goes on signing beside the new one, as it does in a vault. */
async function rotate(repository: Repository, keys: Keyring, role: string): Promise<void> {
  const [old] = keys.of(role);
  if (old === undefined) throw new Error(`${role} has no key`);
  const fresh = newSigner('ecdsa-p256');
  keys.hold(role, [fresh, ...keys.of(role)]);
  await repository.rotateKey(role, fresh, old);
}

/** Ours, and the peers that can be told to begin anew without a process of their own. */
function clientsOf(programs: ReadonlyMap<PeerName, Program>): ReadonlyMap<string, Program> {
  const able = [...programs].filter(([name]) => ableToRepeat.includes(name));
  return new Map<string, Program>([['ours', ourProgram], ...able]);
}

/** A client pauses between any two of its requests, for as long as it takes to rotate a key, or half of that. */
export async function pausedRotations(
  programs: ReadonlyMap<PeerName, Program>,
  work: string,
  tally: Tally,
): Promise<void> {
  const server = await serveStates();
  try {
    for (const role of [...roles, 'root']) {
      const storage = memoryStorage();
      const { keys, root } = await begin(storage);
      const seen = await watched(storage, { visible: true });
      const repository = await Repository.open({ storage: seen.storage, signers: keys.source });
      await rotate(repository, keys, role);
      await repository.publish((draft) => draft.add('later.txt', Buffer.from('later')));
      await repository.close();
      for (const [name, program] of clientsOf(programs)) {
        const folder = join(work, `${role}-${name}`);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'root.json'), root);
        const client = startSessions(program, join(folder, 'root.json'), server.url);
        const onOutcome = (outcome: Outcome, session: string): void =>
          tally.check(
            `${name}, ${role} rotated: ${session}`,
            outcome.kind === 'accepted' ? null : describe(outcome),
          );
        const run = ({ out }: { readonly out: string }): Promise<Outcome> => client.run({ out, contents });
        const count = await everySession({ server, states: seen.states, folder, root, run, onOutcome }); // prettier-ignore
        await client.close();
        tally.check(`${name}, ${role} rotated: sessions`, count >= 8 ? null : `only ${count}`);
      }
    }
  } finally {
    server.close();
  }
}

const seconds = 20;
const everyMs = 10;
/** Every so many refreshes one has only the first root. */
const freshEvery = 4;
/** Of a slow client on a slow machine; as a rule there are several hundred. */
const fewest = 40;

interface Polled {
  refreshes: number;
  readonly problems: string[];
}

/** Refreshes, looks up and downloads; waits; does it again. One folder is kept, and every so often another one begins anew. */
async function poll(program: Program, url: string, folder: string, isOver: () => boolean): Promise<Polled> {
  const seen: Polled = { refreshes: 0, problems: [] };
  const client = startSessions(program, join(folder, 'root.json'), url);
  while (!isOver()) {
    const isFresh = seen.refreshes % freshEvery === freshEvery - 1;
    const out = join(folder, isFresh ? `new-${seen.refreshes}` : 'kept');
    const outcome = await client.run({ out, contents });
    seen.refreshes++;
    if (outcome.kind !== 'accepted') seen.problems.push(describe(outcome));
    await sleep(everyMs);
  }
  await client.close();
  return seen;
}

/** Clients that ask every 10 ms, each a process of its own, while every online key is replaced in turn and others publish. */
export async function polledRotations(
  programs: ReadonlyMap<PeerName, Program>,
  work: string,
  tally: Tally,
): Promise<string> {
  const storage = fsStorage({ root: join(work, 'public'), create: true, metaOf: objectMeta });
  const { keys, root } = await begin(storage);
  const server = await createRepositoryServer({ storage, host: '127.0.0.1', port: 0 });
  let over = false;
  const clients = [...clientsOf(programs)].map(async ([name, program]) => {
    const folder = join(work, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'root.json'), root);
    return [name, await poll(program, server.url, folder, () => over)] as const;
  });
  const until = Date.now() + seconds * 1000;
  const counted = { rotations: 0, publishes: 0 };
  const staging = join(work, 'staging');
  try {
    const repository = await Repository.open({ storage, signers: keys.source, staging });
    while (Date.now() < until || counted.rotations < roles.length) {
      const role = roles[counted.rotations % roles.length] ?? vendor;
      await rotate(repository, keys, role);
      counted.rotations++;
      for (const path of [`top-${counted.rotations}`, `vendors/acme/tool/${counted.rotations + 1}.tgz`]) {
        await repository.publish((draft) => draft.add(path, Buffer.from(path)));
        counted.publishes++;
      }
      await sleep(seconds * 40); // about six rounds of all of them
    }
    await repository.close();
  } finally {
    over = true;
  }
  const seen = await Promise.all(clients);
  await server.close();
  for (const [name, { refreshes, problems }] of seen) {
    const [first] = problems;
    tally.check(
      `${name} polled: no error`,
      first === undefined ? null : `${problems.length} of ${refreshes}: ${first}`,
    );
    tally.check(`${name} polled: refreshes`, refreshes >= fewest ? null : `only ${refreshes}`);
  }
  const each = seen.map(([name, { refreshes }]) => `${name} ${refreshes}`).join(', ');
  return `${counted.rotations} rotations, ${counted.publishes} publishes; refreshes: ${each}`;
}
