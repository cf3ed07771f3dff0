import { join } from 'node:path';
import { PublishError, type Client as ServedClient } from '@ragnos/repository';
import { served } from '../repositories/index.ts';
import type { State } from '../repositories/made.ts';
import type { Served } from '../repositories/served.ts';
import { ours, peerClient, type Client } from './job.ts';
import { cell, describe, type Outcome } from './outcome.ts';
import { peers, type PeerName, type Program } from './peer.ts';
import { serveFolder, type FolderServer } from './server.ts';
import { twoAtATime, type Tally } from './tally.ts';

/** What a peer made of each repository, as cells of the table. */
export type ServedTable = ReadonlyMap<string, ReadonlyMap<PeerName, string>>;

/** Every state in turn, with what the client kept of the one before; stops at the first that it does not accept. */
async function readAll(client: Client, states: readonly State[], url: string, out: string): Promise<Outcome> {
  let outcome: Outcome = { kind: 'accepted' };
  const root = join(states[0]?.folder ?? '', 'metadata', '1.root.json');
  for (const [index, { contents }] of states.entries()) {
    outcome = await client({ root, url: `${url}${index + 1}/`, out, contents });
    if (outcome.kind !== 'accepted') break;
  }
  return outcome;
}

/** Published once for all who are to read it; who is served by itself gets one of its own. */
interface Edition {
  readonly compat: readonly ServedClient[];
  readonly readers: readonly PeerName[];
}

function editions({ cannot = {}, alone = false }: Served): readonly Edition[] {
  const names = peers.map(({ name }) => name);
  if (alone) return names.map((name) => ({ compat: [name], readers: [name] }));
  const able = names.filter((name) => cannot[name] === undefined);
  const unable = names.filter((name) => cannot[name] !== undefined);
  const plain = { compat: [], readers: unable };
  return [{ compat: able, readers: able }, ...(unable.length === 0 ? [] : [plain])];
}

function problem(outcome: Outcome, cannot: string | undefined): string | null {
  if (cannot === undefined) return outcome.kind === 'accepted' ? null : describe(outcome);
  return outcome.kind === 'accepted' ? `accepted, although: ${cannot}` : null;
}

/** Whether publishing for `peer` is refused by name. */
async function refusal(item: Served, peer: PeerName, folder: string): Promise<string | null> {
  try {
    await item.publish({ folder, compat: [peer] });
    return 'published, although it cannot be read';
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return error.code === 'NOT_COMPATIBLE' ? null : `${error.code}: ${error.message}`;
  }
}

/** Repositories that our packages publish for the peers, read by every peer, and by us. */
export async function readOurs(
  programs: ReadonlyMap<PeerName, Program>,
  work: string,
  tally: Tally,
): Promise<ServedTable> {
  const table = new Map<string, Map<PeerName, string>>();
  const server: FolderServer = await serveFolder(work);
  const edition = async (item: Served, index: string, { compat, readers }: Edition): Promise<void> => {
    const folder = join(work, index);
    const url = `${server.url}${index}/`;
    const states = await item.publish({ folder, compat });
    const own = await readAll(ours, states, url, join(folder, 'ours'));
    tally.check(`ours reads "${item.name}" for ${compat.join(', ') || 'no client'}`, problem(own, undefined));
    const reading = [...programs].filter(([name]) => readers.includes(name));
    await twoAtATime(reading, async ([name, program]) => {
      const outcome = await readAll(peerClient(program), states, url, join(folder, name));
      const cannot = item.cannot?.[name];
      tally.check(`${name} reads "${item.name}"`, problem(outcome, cannot));
      if (cannot !== undefined && item.notRefused !== true) {
        const refused = await refusal(item, name, join(folder, `refused-${name}`));
        tally.check(`"${item.name}" is not published for ${name}`, refused);
      }
      table.get(item.name)?.set(name, outcome.kind === 'accepted' ? 'yes' : `no (${cell(outcome)})`);
    });
  };
  try {
    for (const [index, item] of served.entries()) {
      table.set(item.name, new Map());
      for (const [at, each] of editions(item).entries()) await edition(item, `${index}-${at}`, each);
    }
  } finally {
    await server.close();
  }
  return table;
}
