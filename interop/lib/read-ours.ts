import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { served, type Served } from '../repositories/index.ts';
import { addAliases, type State } from '../repositories/made.ts';
import { ours, peerClient, type Client } from './job.ts';
import { cell, describe, type Outcome } from './outcome.ts';
import type { PeerName, Program } from './peer.ts';
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

function problem(outcome: Outcome, cannot: string | undefined): string | null {
  if (cannot === undefined) return outcome.kind === 'accepted' ? null : describe(outcome);
  return outcome.kind === 'accepted' ? `accepted, although: ${cannot}` : null;
}

/** Repositories that our packages publish, read by every peer, and by us. */
export async function readOurs(
  programs: ReadonlyMap<PeerName, Program>,
  work: string,
  tally: Tally,
): Promise<ServedTable> {
  const table = new Map<string, Map<PeerName, string>>();
  const server: FolderServer = await serveFolder(work);
  const one = async (item: Served, index: number): Promise<void> => {
    const row = new Map<PeerName, string>();
    table.set(item.name, row);
    const plain = join(work, String(index));
    const states = await item.publish(plain);
    const aliased = join(work, `${index}-tough`);
    await cp(plain, aliased, { recursive: true });
    if (item.withoutAliases !== true)
      for (const step of states.keys()) await addAliases(join(aliased, String(step + 1)));
    const own = await readAll(ours, states, `${server.url}${index}/`, join(plain, 'ours'));
    tally.check(`ours reads "${item.name}"`, problem(own, undefined));
    await twoAtATime([...programs], async ([name, program]) => {
      const base = name === 'tough' ? `${index}-tough` : String(index);
      const outcome = await readAll(peerClient(program), states, `${server.url}${base}/`, join(plain, name));
      tally.check(`${name} reads "${item.name}"`, problem(outcome, item.cannot?.[name]));
      row.set(name, outcome.kind === 'accepted' ? 'yes' : `no (${cell(outcome)})`);
    });
  };
  try {
    for (const [index, item] of served.entries()) await one(item, index);
  } finally {
    await server.close();
  }
  return table;
}
