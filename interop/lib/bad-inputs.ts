import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { differences } from '../differences.ts';
import { inputs } from '../inputs/index.ts';
import { generate, type Input } from '../inputs/input.ts';
import { ours, peerClient, type Client } from './job.ts';
import { describe, type Outcome } from './outcome.ts';
import type { PeerName, Program } from './peer.ts';
import { serveFiles } from './server.ts';
import { twoAtATime, type Tally } from './tally.ts';

export type ClientName = 'ours' | PeerName;
/** By input, by client. */
export type Matrix = ReadonlyMap<string, ReadonlyMap<ClientName, Outcome>>;

/** What every client makes of one bad input, made once. `folder` is for what clients keep. */
export async function tryInput(
  input: Input,
  clients: ReadonlyMap<ClientName, Client>,
  folder: string,
): Promise<ReadonlyMap<ClientName, Outcome>> {
  const { good, bad, goodContents, contents } = generate(input);
  const { limitMs } = input;
  const files = new Map<string, Uint8Array>();
  for (const [state, all] of Object.entries({ good, bad }))
    for (const [path, bytes] of all ?? []) files.set(`${state}/${path}`, bytes);
  const server = await serveFiles(files);
  try {
    await mkdir(folder, { recursive: true });
    const root = join(folder, '1.root.json');
    const first = (good ?? bad).get('metadata/1.root.json');
    if (first === undefined) throw new Error(`${input.id}: no first root`);
    await writeFile(root, first);
    const row = new Map<ClientName, Outcome>();
    await twoAtATime([...clients], async ([name, client]) => {
      const out = join(folder, name);
      if (good !== null) {
        const before = await client({
          root,
          url: `${server.url}good/`,
          out,
          contents: goodContents,
          limitMs,
        });
        if (before.kind !== 'accepted')
          throw new Error(`${name} refused the good state before "${input.id}": ${describe(before)}`);
      }
      const outcome = await client({ root, url: `${server.url}bad/`, out, contents, limitMs });
      const strays = await straysIn(folder, out, clients);
      row.set(name, strays === '' ? outcome : { kind: 'writes outside', message: strays });
    });
    return row;
  } finally {
    await server.close();
  }
}

/** Names that no client was asked to write, beside the clients' folders and in the folder of this one. */
async function straysIn(
  folder: string,
  out: string,
  clients: ReadonlyMap<ClientName, Client>,
): Promise<string> {
  const around = new Set<string>(['1.root.json', ...clients.keys()]);
  const inside = new Set(['metadata', 'targets', 'paths']);
  const beside = (await readdir(folder)).filter((name) => !around.has(name));
  return [...beside, ...(await readdir(out)).filter((name) => !inside.has(name))].join(' ');
}

/** Whether ours did what the table of inputs says. */
export function oursProblem(input: Input, outcome: Outcome): string | null {
  const got = outcome.kind === 'refused' ? outcome.error : outcome.kind;
  return got === input.ours ? null : `expected ${input.ours}, got ${describe(outcome)}`;
}

/** A difference without an explanation is a failure, and so is an explanation without a difference. */
export function peerProblem(input: Input, peer: PeerName, own: Outcome, theirs: Outcome): string | null {
  const why = differences.get(peer)?.get(input.id);
  const differs = own.kind !== theirs.kind;
  if (differs && why === undefined) return `not explained: ours ${own.kind}, ${peer} ${describe(theirs)}`;
  return !differs && why !== undefined ? `explained, but there is no difference: ${describe(theirs)}` : null;
}

export async function badInputs(
  programs: ReadonlyMap<PeerName, Program>,
  work: string,
  tally: Tally,
): Promise<Matrix> {
  const clients = new Map<ClientName, Client>([['ours', ours]]);
  for (const [name, program] of programs) clients.set(name, peerClient(program));
  const matrix = new Map<string, ReadonlyMap<ClientName, Outcome>>();
  const all = [...inputs.values()].flat();
  await twoAtATime([...all.entries()], async ([index, input]) => {
    const row = await tryInput(input, clients, join(work, String(index)));
    matrix.set(input.id, row);
    const own = row.get('ours') ?? { kind: 'crashes', message: 'not run' };
    tally.check(`ours on "${input.id}"`, oursProblem(input, own));
    for (const [name, outcome] of row)
      if (name !== 'ours') tally.check(`${name} on "${input.id}"`, peerProblem(input, name, own, outcome));
  });
  return matrix;
}
