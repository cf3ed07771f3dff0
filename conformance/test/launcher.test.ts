// What only the process itself can show: the launcher, exit codes, and what is left in the folders.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { newTwin, temporaryFolder } from './twin.ts';

const launcher = join(import.meta.dirname, '..', 'client');

async function client(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(launcher, args, { cwd: await temporaryFolder(), stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, stderr };
}

test('init, refresh and download as processes', async () => {
  const twin = await newTwin();
  const { repo } = twin;
  repo.delegate('targets', 'a/b');
  repo.addArtifact('a/b', 'one.txt', 'first');
  repo.addArtifact('targets', 'dir/two.txt', 'second');
  repo.publish('a/b', 'targets', 'snapshot', 'timestamp');
  await writeFile(twin.givenRoot, repo.latest('root'));

  expect(await client(['--metadata-dir', twin.metadata, 'init', twin.givenRoot])).toEqual({
    code: 0,
    stderr: '',
  });
  expect(await twin.trusted()).toEqual(['root 1']);
  expect(repo.metadataAsked).toEqual([]);

  expect((await client([...twin.refreshArgs(), 'refresh'])).code).toBe(0);
  expect(await twin.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 2']);
  expect(repo.metadataAsked.splice(0)).toEqual([
    '2.root.json',
    'timestamp.json',
    '2.snapshot.json',
    '2.targets.json',
  ]);

  const names = ['dir/two.txt', 'one.txt', 'absent.txt', 'dir/two.txt'];
  const failed = await client(twin.downloadArgs(...names));
  expect(failed.code).toBe(1); // at the third name, after what came before it
  expect(failed.stderr).toContain('absent.txt');
  expect(repo.metadataAsked.splice(0)).toEqual(['2.root.json', 'timestamp.json', '1.a%2Fb.json']); // one updater for all names
  expect(await twin.downloaded()).toEqual(['second', 'first']);
  expect(repo.artifactsAsked.splice(0)).toHaveLength(2);

  expect((await client(twin.downloadArgs('one.txt', 'dir/two.txt'))).code).toBe(0);
  expect(repo.artifactsAsked).toEqual([]);
  expect((await readdir(twin.targets)).toSorted()).toEqual(['dir%2Ftwo.txt', 'one.txt']);
  expect((await readdir(twin.metadata)).toSorted()).toEqual([
    '.given-root',
    '.trusted',
    'a%2Fb.json',
    'root.json',
    'snapshot.json',
    'targets.json',
    'timestamp.json',
  ]);
});

const misuse: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  'an unknown option': ['--metadata-dir', 'x', '--verbose', 'refresh'],
  'an unknown command': ['--metadata-dir', 'x', '--metadata-url', 'http://127.0.0.1/', 'update'],
  'no root to trust': ['--metadata-dir', 'x', 'init'],
  'no target': ['--metadata-dir', 'x', '--metadata-url', 'http://127.0.0.1/', 'download'],
  'a root that is not there': ['--metadata-dir', 'x', 'init', 'absent.json'],
};
for (const [name, args] of Object.entries(misuse))
  test(`exit code 1 for ${name}`, async () => {
    const { code, stderr } = await client(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: /);
  });

test('there is no list of expected failures', () => {
  expect(existsSync(`${launcher}.xfails`)).toBe(false);
});
