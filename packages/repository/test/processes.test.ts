import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fsStorage } from '@ragnos/storage';
import { initRepository, objectMeta, Repository } from '@ragnos/repository';
import { keysIn, layoutOf, sharedKeys, tempFolder, TestClient } from './world.ts';

const publisher = fileURLToPath(new URL('publisher.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

function publish(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', publisher, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, said }));
  });
}

async function vault() {
  const folder = await tempFolder();
  const keysFile = join(folder, 'keys.json');
  const publicFolder = join(folder, 'public');
  const staging = join(folder, 'staging');
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
  const { root } = await initRepository(storage, { layout: layoutOf(keys), signers: keys.source, staging });
  return {
    folder,
    publicFolder,
    staging,
    keysFile,
    keys,
    storage,
    client: () => TestClient.refresh(storage, root, new Date()),
  };
}

const machines: Readonly<Record<string, (staging: string, i: number) => string>> = {
  'of one machine': (staging) => staging,
  'of as many machines, which share nothing but the store': (staging, i) => `${staging}-${i}`,
};
for (const [where, stagingOf] of Object.entries(machines))
  test(
    `20 processes ${where} publish at once: nothing is lost, every version can be reached`,
    { timeout: 60_000 },
    async () => {
      const { publicFolder, staging, keysFile, storage, client } = await vault();
      const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
      const ended = await Promise.all(
        names.map((name, i) => publish(publicFolder, stagingOf(staging, i), keysFile, name, '1')),
      );
      for (const end of ended) expect(end).toEqual({ code: 0, signal: null, said: '' });
      const reader = await client();
      const index = (await reader.read('index.json')) ?? '';
      expect(index.trim().split('\n').toSorted()).toEqual(names.map((name) => `${name}-0`).toSorted());
      for (const name of names) expect(await reader.read(`vendors/acme/${name}/0`)).toBe(`${name}-0`);
      await reader.readAll();
      expect(reader.set.timestamp?.version).toBe(1 + 20); // one commit each: none was overwritten
      const snapshots = (await keysIn(storage, 'metadata/')).filter((key) => key.endsWith('.snapshot.json'));
      expect(snapshots).toHaveLength(21); // losers left nothing
    },
  );

/** The writes of one publish, in order: at each of them a process is killed -9. */
const steps = ['first target', 'second target', 'a delegated role', 'targets', 'snapshot', 'timestamp'];

test(
  'kill -9 after each write: clients see the old state or the new one, the next command repairs',
  { timeout: 60_000 },
  async () => {
    for (const [index, step] of steps.entries()) {
      const { publicFolder, staging, keysFile, keys, storage, client } = await vault();
      const end = await publish(publicFolder, staging, keysFile, 'victim', '1', String(index + 1));
      expect([step, end.signal]).toEqual([step, 'SIGKILL']);
      const seen = await (await client()).read('vendors/acme/victim/0');
      expect([step, seen]).toEqual([step, step === 'timestamp' ? 'victim-0' : null]);

      expect(await publish(publicFolder, staging, keysFile, 'next')).toEqual({
        code: 0,
        signal: null,
        said: '',
      });
      const reader = await client();
      expect(await reader.read('vendors/acme/next/0')).toBe('next-0');
      await reader.readAll();
      const repository = await Repository.open({ storage, signers: keys.source, staging });
      await repository.close();
      const snapshots = (await keysIn(storage, 'metadata/')).filter((key) => key.endsWith('.snapshot.json'));
      expect([step, snapshots.length]).toEqual([step, step === 'timestamp' ? 3 : 2]);
      expect(await readdir(join(staging, 'journal'))).toEqual([]);
    }
  },
);
