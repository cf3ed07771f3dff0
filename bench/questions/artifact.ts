/** Downloading one large artifact, beside the least that a verified and durable download has to do. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from '../lib/generate.ts';
import { median } from '../lib/measure.ts';
import { setUpNpmPeers } from '../lib/peers.ts';
import { timesOf } from '../lib/plugin.ts';
import { serveFolder } from '../lib/server.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

const size = 512 * 1024 * 1024;

export async function artifact(times: number): Promise<readonly Answer[]> {
  setUpNpmPeers();
  const work = await workFolder('artifact');
  const server = await serveFolder(join(work, 'repository'));
  try {
    const { folder, targetPath } = await generate(join(work, 'repository'), { count: 2, size });
    const [name = ''] = await readdir(join(folder, 'targets', 'files'));
    const root = join(folder, 'metadata', '1.root.json');
    const found = new Map<string, number[]>([
      ['floor', []],
      ['ours', []],
      ['tuf-js', []],
    ]);
    for (let round = 0; round < Math.min(times, 3); round++)
      for (const [what, list] of found)
        list.push(
          ...(await timesOf('artifact.mjs', [
            what,
            server.url,
            join(work, `${round}`),
            root,
            targetPath,
            `targets/files/${name}`,
            '2',
          ])),
        );
    const floor = median(found.get('floor') ?? []);
    const rows: Row[] = [...found].map(([what, list]) => ({
      name: what,
      cells: { 'median ms': median(list), '÷ floor': median(list) / floor },
    }));
    return [
      {
        question: 'Download of a 512 MiB artifact, in process',
        rows,
        notes: ['floor: stream, sha256, fsync, rename in one pass', 'goal: ours ≤ 1.3 × the floor'],
      },
    ];
  } finally {
    server.stop();
  }
}
