// THREATS.md, "Client state": twelve processes refreshing one folder, while the repository moves on: no failure, no torn file.
import { faultyServer, RepositorySimulator, body, status } from '@ragnos/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Updater } from '@ragnos/client';

import { start, temporary } from './setup.ts';

async function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [
    '--conditions=@ragnos/source',
    join(import.meta.dirname, 'refresh-child.ts'),
    ...args,
  ]);
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return child.exitCode === 0 ? '' : `exit ${child.exitCode}: ${output}`;
}

test(
  'twelve processes, one folder, a repository that publishes and rotates meanwhile',
  { timeout: 60_000 },
  async () => {
    const sim = new RepositorySimulator({ now: start });
    sim.delegate({ name: 'role' });
    sim.addTarget('x', 'content', 'role');
    sim.publish();
    const published = new Map(sim.files()); // versions stay there, as on a real store
    const publish = (): void => {
      if (sim.root.version < 4) {
        sim.rotate('root');
        sim.publishRoot();
      }
      sim.publish('targets', 'role');
      for (const [path, bytes] of sim.files()) published.set(path, bytes);
    };
    const server = await faultyServer({
      otherwise: (request, response) => {
        const file = published.get((request.url ?? '').slice(1));
        (file === undefined ? status(404) : body(file))(request, response);
      },
    });
    const dir = join(temporary(), 'metadata');
    const baseUrl = server.url.href;
    await (await Updater.open({ dir, baseUrl, root: sim.firstRoot, now: () => start })).refresh();
    const timer = setInterval(publish, 40);
    const failures = await Promise.all(Array.from({ length: 12 }, () => run([dir, baseUrl, '3'])));
    clearInterval(timer);
    expect(failures.filter((failure) => failure !== '')).toEqual([]);
    const last = await Updater.open({ dir, baseUrl, now: () => start });
    await last.refresh();
    expect(last.knowledge().versions.get('targets')).toBe(sim.targets.version);
    await server.close();
  },
);
