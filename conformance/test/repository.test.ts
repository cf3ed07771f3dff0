// Twins of the suite's test_repository_simulator.py: the repository of these tests does what they rely on.
import { parseJson, Reader } from '@ragnos/tuf';
import { expect, test } from 'vitest';

import { inDays, member } from './model.ts';
import { digest, Repository } from './repository.ts';

function signedPart(repo: Repository, role: string): Reader {
  return Reader.of(parseJson(repo.latest(role), role), role).object('signed');
}

test('test_repo_initialzation_unittest', () => {
  const repo = new Repository();
  expect([...repo.published.keys()].toSorted()).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
  for (const role of repo.published.keys()) {
    expect(repo.signed(role).version).toBe(1);
    expect(signedPart(repo, role).integer('version', 1)).toBe(1);
  }
});

test('test_basic_metadata_hash_support_unittest', () => {
  const repo = new Repository();
  repo.hashes = true;
  repo.publish('targets', 'snapshot', 'timestamp');
  const snapshot = repo.latest('snapshot');
  expect(signedPart(repo, 'snapshot').integer('version', 1)).toBe(2);
  const announced = signedPart(repo, 'timestamp').object('meta').object('snapshot.json');
  expect(announced.integer('length', 0)).toBe(snapshot.length);
  expect(announced.object('hashes').string('sha256')).toBe(digest(snapshot));
  expect(member(repo.timestamp.meta, 'snapshot.json').version).toBe(2);
});

test('test_update_timestamp', () => {
  const repo = new Repository();
  const past = inDays(-5);
  repo.timestamp.expires = past;
  repo.publish('timestamp');
  expect(signedPart(repo, 'timestamp').string('expires')).toBe(past);
});
