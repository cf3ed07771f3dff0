/** The command line on a bucket, as an operator uses it: what works on a folder works there. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStorage, storageKey } from '@ragnos/storage';
import { run } from '../../interop/lib/run.ts';
import { told } from '../lib/told.ts';

const uri = told('RAGV_TEST_STORE').replace('NAME', `ragv-${randomBytes(6).toString('hex')}`);
const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'ragv-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Resolves with what it answered. Throws with what it said when it failed. */
async function ragv(...args: readonly string[]): Promise<string> {
  const env = {
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    RAGV_KEY_PASSWORD: 'correct horse battery staple',
    RAGV_VAULT: join(folder, 'vault'),
  };
  const ran = await run(process.execPath, ['--conditions=@ragnos/source', main, ...args], {
    cwd: folder,
    env,
    timeoutMs: 120_000,
  });
  if (ran.code !== 0) throw new Error(`ragv ${args.join(' ')}: exit ${ran.code}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

describe('ragv', () => {
  beforeAll(async () => {
    writeFileSync(join(folder, 'notes.txt'), 'one');
  });
  test('init --store makes the bucket and a repository in it', async () => {
    expect(await ragv('init', 'vault', '--vendor', 'acme', '--store', uri)).toContain('fingerprint');
    const storage = await openStorage(uri);
    expect(await storage.head(storageKey('metadata/timestamp.json'))).not.toBeNull();
  });
  test('init --store does not take a bucket that has one', async () => {
    await expect(ragv('init', 'second', '--vendor', 'acme', '--store', uri)).rejects.toThrow(/exit 9/);
  });
  test('target add publishes, and target list shows it', async () => {
    await ragv('target', 'add', 'notes.txt');
    expect(await ragv('target', 'list')).toContain('notes.txt');
  });
  test('status, refresh and the audit log', async () => {
    expect(await ragv('status', '--vault', 'vault')).toContain('timestamp');
    await ragv('refresh', '--force');
    expect(await ragv('log', 'verify')).not.toBe('');
  });
  test('root ceremony --store: a first root of two of three in a bucket, and the same command completes it', async () => {
    const people = ['ann', 'bob', 'cat'].map((name) => `${name}=file2:${join(folder, `${name}.p8`)}`);
    const store = uri.replace(/(ragv-[0-9a-f]+)/, '$1-held');
    const ceremony = ['root', 'ceremony', '--vault', 'held', '--vendor', 'acme', '--threshold', '2'];
    const line = [...ceremony, '--store', store, '--yes', '--keys', ...people];
    expect(await ragv(...line)).toContain('2 of 3 keys');
    await ragv('target', 'add', 'notes.txt', '--vault', 'held');
    const before = readFileSync(join(folder, 'held', '1.root.json'));
    for (const name of ['1.root.json', 'root.json', 'ceremonies'])
      rmSync(join(folder, 'held', name), { recursive: true });
    await ragv(...line);
    expect(readFileSync(join(folder, 'held', '1.root.json'))).toEqual(before);
    expect(await ragv('root', 'transcript', 'held/ceremonies/root-1.json', '--vault', 'held')).toContain(
      'ann',
    );
    expect(await ragv('target', 'list', '--vault', 'held')).toContain('notes.txt');
  });
  test('gc looks, and removes nothing that is needed', async () => {
    await ragv('gc');
    await ragv('gc', '--apply', '--grace', '0', '--keep', '0');
    expect(await ragv('status', '--vault', 'vault')).toContain('timestamp');
  });
});
