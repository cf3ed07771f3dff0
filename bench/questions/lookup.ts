/** A look-up in a role that is loaded already, in process. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from '../lib/generate.ts';
import { median } from '../lib/measure.ts';
import { setUpNpmPeers } from '../lib/peers.ts';
import { timesOf } from '../lib/plugin.ts';
import { serveFolder } from '../lib/server.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

const count = 1_000;

export async function lookup(times: number): Promise<readonly Answer[]> {
  setUpNpmPeers();
  const work = await workFolder('lookup');
  const server = await serveFolder(join(work, 'repository'));
  try {
    const { folder } = await generate(join(work, 'repository'), { count, size: 1 });
    const root = join(folder, 'metadata', '1.root.json');
    const found = new Map<string, number[]>([
      ['ours', []],
      ['tuf-js', []],
    ]);
    for (let round = 0; round < times; round++)
      for (const [name, list] of found) {
        const dir = join(work, `${name}-${round}`);
        await mkdir(dir);
        await copyFile(root, join(dir, 'root.json'));
        list.push(...(await timesOf('lookup.mjs', [name, server.url, dir, root, String(count)])));
      }
    const ours = median(found.get('ours') ?? []);
    const rows: Row[] = [...found].map(([name, list]) => ({
      name,
      cells: { 'median ms': median(list), 'ours ÷ it': ours / median(list) },
    }));
    return [{ question: `Look-up in a loaded role of ${count} targets`, rows, notes: ['goal: < 0.1 ms'] }];
  } finally {
    server.stop();
  }
}
