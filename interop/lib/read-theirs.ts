import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ours, type Contents } from './job.ts';
import { describe, outcomeOf } from './outcome.ts';
import { scenarios, type Peer, type Program, type Scenario } from './peer.ts';
import { run } from './run.ts';
import { serveFolder } from './server.ts';
import type { Tally } from './tally.ts';

/** What `write` of the protocol laid out: `paths`, and the content of each line in `content/<index>`. */
async function contentsOf(folder: string): Promise<Contents> {
  const lines = (await readFile(join(folder, 'paths'), 'utf8')).split('\n').slice(0, -1);
  const read = async (path: string, index: number): Promise<readonly [string, Uint8Array]> => [
    path,
    await readFile(join(folder, 'content', String(index))),
  ];
  return new Map(await Promise.all(lines.map(read)));
}

async function readOne(program: Program, folder: string, scenario: Scenario): Promise<string | null> {
  const args = [...program.before, 'write', folder, scenario];
  const wrote = outcomeOf(await run(program.command, args, { timeoutMs: 60_000 }));
  if (wrote.kind !== 'accepted') return `not written: ${describe(wrote)}`;
  const contents = await contentsOf(folder);
  if (contents.size === 0) return 'it wrote no target';
  const server = await serveFolder(folder);
  try {
    const root = join(folder, 'metadata', '1.root.json');
    const outcome = await ours({ root, url: server.url, out: join(folder, 'ours'), contents });
    return outcome.kind === 'accepted' ? null : describe(outcome);
  } finally {
    await server.close();
  }
}

/** Repositories that a peer writes with keys of its own, read by our client. */
export async function readTheirs(
  peer: Peer,
  program: Program,
  work: string,
  tally: Tally,
): Promise<ReadonlyMap<Scenario, string>> {
  const row = new Map<Scenario, string>();
  for (const scenario of scenarios) {
    if (!peer.writes.includes(scenario)) {
      row.set(scenario, '–');
      continue;
    }
    const failure = await readOne(program, join(work, peer.name, scenario), scenario);
    tally.check(`ours reads "${scenario}" of ${peer.name}`, failure);
    row.set(scenario, failure === null ? 'yes' : 'no');
  }
  return row;
}
