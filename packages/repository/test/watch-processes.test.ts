/** Two watchers, each a process of its own, on one repository. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initRepository, objectMeta } from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
import { expect, onTestFinished, test } from 'vitest';
import { shortLives } from './watch-lives.ts';
import { layoutOf, sharedKeys, tempFolder, TestClient } from './world.ts';

function watcher(args: readonly string[]): { readonly child: ChildProcess; readonly said: () => string } {
  const program = join(import.meta.dirname, 'watch-child.ts');
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', program, ...args], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const chunks: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { child, said: () => chunks.join('') };
}

/** Whether a process gets its turn within seconds is up to the machine; expiry is tested with a clock of its own. */
const anyTime = new Date(0);

test('no client ever fails, and no version is signed twice', { timeout: 120_000 }, async () => {
  const folder = await tempFolder();
  const publicFolder = join(folder, 'public');
  const keysFile = join(folder, 'keys.json');
  const keys = await sharedKeys(keysFile, [
    'root',
    'timestamp',
    'snapshot',
    'targets',
    'policy',
    'catalog',
    'vendor.acme',
    'attestations',
  ]);
  const storage = fsStorage({ root: publicFolder, create: true, metaOf: objectMeta });
  const { root } = await initRepository(storage, {
    layout: { ...layoutOf(keys), lifetimes: shortLives },
    signers: keys.source,
  });
  const both = ['a', 'b'].map((name) => watcher([publicFolder, join(folder, name), keysFile]));
  const ended = both.map(({ child }) => once(child, 'close'));
  let last = 0;
  while (last < 4) {
    const { set } = await TestClient.refresh(storage, root, anyTime);
    expect(set.timestamp?.version).toBeGreaterThanOrEqual(last);
    last = set.timestamp?.version ?? 0;
    await sleep(50); // due every four seconds
  }
  for (const { child } of both) child.kill('SIGTERM');
  await Promise.all(ended);
  expect(both.map(({ child }) => child.exitCode)).toEqual([0, 0]);
  const lines = both.flatMap(({ said }) => said().trim().split('\n'));
  const refreshed = lines.filter((line) => line.includes('"refreshed"'));
  expect(lines.filter((line) => !line.includes('"refreshed"') && line !== '')).toEqual([]);
  const { set } = await TestClient.refresh(storage, root, anyTime);
  // Each version by one of them; the last may have been signed just as it was told to stop.
  const unheard = (set.timestamp?.version ?? 0) - 1 - refreshed.length;
  expect([0, 1]).toContain(unheard);
});
