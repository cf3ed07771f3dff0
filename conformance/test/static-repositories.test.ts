// Twins of the suite's test_static_repositories.py: repositories as other software writes them, here written anew.
import { expect, test } from 'vitest';

import { addMembers, inDays, member } from './model.ts';
import { signatureOf } from './repository.ts';
import { newSigner } from './signer.ts';
import { initialised, newTwin } from './twin.ts';

/** tuf-on-ci notes in the metadata who owns a key and when the role is signed again. */
const periods = { 'x-tuf-on-ci-expiry-period': 7300, 'x-tuf-on-ci-signing-period': 60 };
const owned = { 'x-tuf-on-ci-keyowner': '@somebody' };

test('test_static_repository[tuf-on-ci-0.11]', async () => {
  const twin = await newTwin();
  const { repo } = twin;
  const key = 'ecdsa-sha2-nistp256';
  for (const role of ['timestamp', 'snapshot']) {
    repo.clearKeys(role);
    repo.addKey(role, newSigner(key, { 'x-tuf-on-ci-online-uri': 'gcpkms:projects/x' }));
  }
  const patterns = Array.from({ length: 4 }, (_, depth) => `delegatedrole${'/*'.repeat(depth + 1)}`);
  repo.delegate('targets', 'delegatedrole', { terminating: true, paths: patterns });
  const absent = newSigner(key, owned);
  repo.trustKey('delegatedrole', absent, 'targets');
  repo.addArtifact('delegatedrole', 'delegatedrole/artifact', 'artifact of the delegated role');
  for (const role of ['root', 'targets', 'delegatedrole']) addMembers(repo.signed(role), periods);
  addMembers(repo.topLevelRole('timestamp'), {
    'x-tuf-on-ci-expiry-period': 4,
    'x-tuf-on-ci-signing-period': 2,
  });
  repo.restart('root');
  repo.publish('root', 'delegatedrole');
  repo.resign('delegatedrole', (signatures) => [...signatures, signatureOf(absent.id, '')]); // one of two has signed
  repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.init()).toBe(0);
  expect(await twin.refresh()).toBe(0);
  expect(await twin.download('delegatedrole/artifact')).toBe(0);
  expect(await twin.downloaded()).toEqual(['artifact of the delegated role']);
});

test('test_static_repository[sigstore-root-signing]', async () => {
  const twin = await initialised();
  const { repo } = twin;
  const legacy = { keyid_hash_algorithms: 'sha256', ...owned };
  const signers = Array.from({ length: 5 }, () => newSigner('ecdsa-sha2-nistp256', legacy));
  for (const role of ['root', 'targets']) {
    for (const signer of signers) repo.trustKey(role, signer);
    for (const signer of signers.slice(0, 3)) repo.addSigner(role, signer);
    addMembers(repo.signed(role), { ...periods, spec_version: '1.0' });
  }
  repo.topLevelRole('targets').threshold = 3;
  repo.publish('root');
  repo.topLevelRole('root').threshold = 3;
  for (let version = 3; version <= 12; version++) {
    repo.publish('root');
    repo.resign('root', (signed) => [...signed, ...signers.slice(3).map(({ id }) => signatureOf(id, ''))]);
  }
  repo.delegate('targets', 'registry.example', { terminating: true, paths: ['registry.example/*'] });
  repo.addArtifact('registry.example', 'registry.example/keys.json', 'keys');
  repo.addArtifact('targets', 'trusted_root.json', 'the trusted root');
  addMembers(member(repo.targets.targets, 'trusted_root.json'), {
    custom: { sigstore: { usage: 'Unknown' } },
  });
  repo.root.expires = inDays(90); // far in the past for who comes later, as a stored repository is
  repo.publish('registry.example', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  expect(await twin.version('root')).toBe(12);
  expect(await twin.download('trusted_root.json', 'registry.example/keys.json')).toBe(0);
  expect(await twin.downloaded()).toEqual(['the trusted root', 'keys']);
});
