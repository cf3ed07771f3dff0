import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Updater } from '@ragnos/client';
import { VaultError } from '@ragnos/tuf';
import type { Outcome } from './outcome.ts';
import { outcomeOf } from './outcome.ts';
import type { Program } from './peer.ts';
import { run } from './run.ts';

/** Target paths and what stands behind them; `null`: something. */
export type Contents = ReadonlyMap<string, Uint8Array | null>;

/** One reading of one repository: everything that `read` of the protocol takes (README.md). */
export interface Job {
  /** File of the root that trust begins with. */
  readonly root: string;
  /** `metadata/` and `targets/` lie below it. */
  readonly url: string;
  /** What the client keeps, `metadata/`, and what it downloads, `targets/<index>`. */
  readonly out: string;
  readonly contents: Contents;
  /** Default 20 s. */
  readonly limitMs?: number | undefined;
}

/** Any client: a peer's program or ours. */
export type Client = (job: Job) => Promise<Outcome>;

export function peerClient(program: Program): Client {
  return async (job) => {
    await mkdir(job.out, { recursive: true });
    const paths = join(job.out, 'paths');
    await writeFile(paths, [...job.contents.keys()].map((path) => `${path}\n`).join(''));
    const args = ['read', job.root, `${job.url}metadata/`, `${job.url}targets/`, job.out, paths];
    const ran = await run(program.command, [...program.before, ...args], {
      timeoutMs: job.limitMs ?? 20_000,
    });
    return compared(outcomeOf(ran), job);
  };
}

/** Ours: in this process, by the same rules. */
export const ours: Client = async (job) => {
  const targets = join(job.out, 'targets');
  await mkdir(targets, { recursive: true });
  try {
    const root = await readFile(job.root);
    const updater = await Updater.open({ dir: join(job.out, 'metadata'), baseUrl: job.url, root });
    await updater.refresh();
    for (const [index, path] of [...job.contents.keys()].entries()) {
      const info = await updater.find(path);
      if (info === null) return { kind: 'refused', error: 'not found', message: `no target ${path}` };
      await updater.download(info, join(targets, String(index)));
    }
  } catch (error) {
    if (!(error instanceof VaultError)) return { kind: 'crashes', message: String(error) };
    return { kind: 'refused', error: error.code, message: error.message };
  }
  return compared({ kind: 'accepted' }, job);
};

export async function compared(
  outcome: Outcome,
  { out, contents }: Pick<Job, 'out' | 'contents'>,
): Promise<Outcome> {
  if (outcome.kind !== 'accepted') return outcome;
  for (const [index, [path, expected]] of [...contents].entries()) {
    const bytes = await readFile(join(out, 'targets', String(index))).catch(() => null);
    if (bytes === null || (expected !== null && !bytes.equals(expected)))
      return {
        kind: 'other bytes',
        message: `${path}: ${bytes === null ? 'no file' : `${bytes.length} bytes`}`,
      };
  }
  return outcome;
}
