// Twins of the suite's test_keys.py, each under its name.
import { expect, test } from 'vitest';

import { member } from './model.ts';
import { signatureOf } from './repository.ts';
import { newSigner } from './signer.ts';
import { initialised } from './twin.ts';

test('test_snapshot_does_not_meet_threshold', async () => {
  const twin = await initialised();
  const { repo } = twin;
  repo.topLevelRole('snapshot').threshold = 3;
  repo.addKey('snapshot');
  repo.addKey('snapshot');
  repo.publish('root', 'targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(0);
  repo.signers.set('snapshot', member(repo.signers, 'snapshot').slice(0, 2));
  repo.publish('targets', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['UNSIGNED']);
  expect(await twin.trusted()).toEqual(['root 2', 'snapshot 2', 'targets 2', 'timestamp 3']);
});

test('test_snapshot_has_too_few_keys', async () => {
  const twin = await initialised();
  const { repo } = twin;
  for (let i = 0; i < 4; i++) repo.addKey('snapshot');
  expect(repo.topLevelRole('snapshot').keyids).toHaveLength(5);
  repo.topLevelRole('snapshot').threshold = 6;
  repo.publish('root', 'snapshot', 'timestamp');
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['UNSIGNED']);
  expect(await twin.version('root')).toBe(2);
  expect(await twin.version('snapshot')).toBe(null);
});

test('test_duplicate_keys', async () => {
  const twin = await initialised();
  const { repo } = twin;
  const signer = newSigner();
  for (let i = 0; i < 9; i++) repo.addKey('snapshot', signer);
  repo.topLevelRole('snapshot').threshold = 6;
  repo.publish('root', 'snapshot', 'timestamp');
  repo.resign('snapshot', (signatures) => {
    const again = signatures.filter(({ keyId }) => keyId === signer.id);
    return [...signatures, ...Array.from({ length: 8 }, () => again).flat()];
  });
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['MALFORMED']);
  expect(await twin.version('snapshot')).toBe(null);
});

test('test_duplicate_sig_keyids', async () => {
  const twin = await initialised();
  twin.repo.resign('snapshot', (signatures) => [...signatures, ...signatures]);
  expect(await twin.refresh()).toBe(1);
  expect(twin.refused()).toEqual(['MALFORMED']);
  expect(await twin.version('snapshot')).toBe(null);
});

const standard = ['rsa/rsassa-pss-sha256', 'ecdsa/ecdsa-sha2-nistp256', 'ed25519/ed25519'];
for (const name of standard)
  test(`test_keytype_and_scheme[${name}]`, async () => {
    const twin = await initialised();
    const { repo } = twin;
    const [, scheme = ''] = name.split('/');
    const signer = newSigner(scheme);
    repo.addKey('root', signer);
    repo.topLevelRole('root').threshold++;
    repo.publish('root');
    expect(await twin.refresh()).toBe(0);
    expect(await twin.version('root')).toBe(2);
    const [signed] = repo.sign('root').filter(({ keyId }) => keyId === signer.id); // good, of another text
    repo.publish('root');
    repo.resign('root', (signatures) =>
      signatures.map((signature) =>
        signature.keyId === signer.id ? signatureOf(signer.id, signed?.sig ?? '') : signature,
      ),
    );
    expect(await twin.refresh()).toBe(1);
    expect(twin.refused()).toEqual(['UNSIGNED']);
    expect(await twin.version('root')).toBe(2);
  });

test('test_invalid_sig_in_valid_metadata', async () => {
  const twin = await initialised();
  const { repo } = twin;
  const [old] = repo.sign('timestamp');
  if (old === undefined) throw new Error('the timestamp is not signed');
  repo.addKey('timestamp');
  for (const wrong of [old.sig, '']) {
    repo.publish('root', 'timestamp');
    repo.resign('timestamp', ([, ...others]) => [signatureOf(old.keyId, wrong), ...others]);
    expect(await twin.refresh()).toBe(0);
    expect(await twin.file('timestamp')).toEqual(Buffer.from(repo.latest('timestamp')));
  }
});
