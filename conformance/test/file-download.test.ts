// Twins of the suite's test_file_download.py, each under its name.
import { expect, test } from 'vitest';

import { member } from './model.ts';
import type { Twin } from './twin.ts';
import { initialised } from './twin.ts';

async function withTarget(path: string, content: string): Promise<Twin> {
  const twin = await initialised();
  twin.repo.addArtifact('targets', path, content);
  twin.repo.publish('targets', 'snapshot', 'timestamp');
  return twin;
}

test('test_client_downloads_expected_file', async () => {
  const twin = await withTarget('target_file.txt', 'target file contents');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.downloaded()).toEqual([]);
  expect(await twin.download('target_file.txt')).toBe(0);
  expect(await twin.downloaded()).toEqual(['target file contents']);
});

test('test_client_downloads_expected_file_in_sub_dir', async () => {
  const path = 'path/to/a/target_file.txt';
  const twin = await withTarget(path, 'target file contents');
  expect(await twin.download(path)).toBe(0);
  expect(await twin.downloaded()).toEqual(['target file contents']);
});

test('test_repository_substitutes_target_file', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.addArtifact('targets', 'one.txt', 'target file contents');
  repo.addArtifact('targets', 'two.txt', 'content');
  repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.download('one.txt')).toBe(0);
  expect(await twin.downloaded()).toEqual(['target file contents']);
  repo.replaceArtifact('one.txt', 'malicious contents!!');
  repo.replaceArtifact('two.txt', 'malware'); // of the same length
  expect(await twin.download('one.txt')).toBe(0); // it is here already
  expect(await twin.downloaded()).toEqual(['target file contents']);
  expect(await twin.download('two.txt')).toBe(1);
  expect(twin.refused()).toEqual(['LENGTH_OR_HASH_MISMATCH']);
  expect(await twin.downloaded()).toEqual(['target file contents']);
});

test('test_multiple_changes_to_target', async () => {
  const twin = await withTarget('target_file.txt', 'first');
  const { repo } = twin;
  expect(await twin.download('target_file.txt')).toBe(0);
  const others: string[] = [];
  for (let i = 0; i <= 10; i++) {
    const changed = `modified file contents ${i}`;
    const added = `new file contents ${i}`;
    repo.addArtifact('targets', 'target_file.txt', changed);
    repo.addArtifact('targets', `new-target-${i}`, added);
    repo.publish('targets', 'snapshot', 'timestamp');
    if (i % 5 !== 0) continue; // the client sees every fifth version only
    expect(await twin.download('target_file.txt')).toBe(0);
    expect(await twin.downloaded()).toEqual([...others, changed]); // under its old name, the one before is gone
    expect(await twin.download(`new-target-${i}`)).toBe(0);
    expect(await twin.downloaded()).toEqual([...others, changed, added]);
    repo.replaceArtifact('target_file.txt', `malicious contents ${i}`);
    repo.publish('targets', 'snapshot', 'timestamp');
    expect(await twin.download('target_file.txt')).toBe(0); // it is here already
    expect(await twin.downloaded()).toEqual([...others, changed, added]);
    others.push(added);
  }
});

const algorithms = [['sha256'], ['sha512'], ['sha256', 'sha512']];
for (const [index, hashes] of algorithms.entries())
  test(`test_download_with_hash_algorithms[hashes${index}]: ${hashes.join(' and ')}`, async () => {
    const twin = await initialised();
    const file = twin.repo.addArtifact('targets', 'target_file.txt', 'target file contents', hashes);
    twin.repo.publish('targets', 'snapshot', 'timestamp');
    expect(await twin.download('target_file.txt')).toBe(0);
    expect(twin.repo.artifactsAsked).toHaveLength(1);
    const [asked = ''] = twin.repo.artifactsAsked;
    expect([...file.hashes.values()].map((hash) => `${hash}.target_file.txt`)).toContain(asked);
    expect(await twin.downloaded()).toEqual(['target file contents']);
  });

test('test_download_with_unknown_hash_algorithm', async () => {
  const twin = await initialised();
  const file = twin.repo.addArtifact('targets', 'target_file.txt', 'target file contents', ['sha512']);
  file.hashes.set('unknown-hash', member(file.hashes, 'sha512'));
  file.hashes.delete('sha512');
  twin.repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.download('target_file.txt')).toBe(1);
  expect(twin.refused()).toEqual(['LENGTH_OR_HASH_MISMATCH']); // that target alone; nothing is fetched
  expect(twin.repo.artifactsAsked).toEqual([]);
  expect(await twin.downloaded()).toEqual([]);
});

test('test_artifact_cache', async () => {
  const twin = await withTarget('target_file.txt', 'target file contents');
  expect(await twin.download('target_file.txt')).toBe(0);
  expect(await twin.download('target_file.txt')).toBe(0);
  expect(twin.repo.artifactsAsked).toHaveLength(1);
});
