// Twins of the suite's test_updater_key_rotations.py, each under its name.
import { expect, test } from 'vitest';

import type { Repository } from './repository.ts';
import type { Signer } from './signer.ts';
import { newSigner } from './signer.ts';
import { newTwin } from './twin.ts';

/** `threshold of keys, signed by keys`, the digits being keys; a last word `refused` if it must be. */
type Version = `${number} of ${string}, signed by ${string}`;

const rootCases: Readonly<Record<string, readonly Version[]>> = {
  '1-of-1-key-rotation': ['1 of 1, signed by 1', '1 of 2, signed by 21', '1 of 2, signed by 2'],
  '1-of-1-key-rotation-unused-signatures': [
    '1 of 1, signed by 314',
    '1 of 2, signed by 3214',
    '1 of 2, signed by 324',
  ],
  '3-of-5-sign-with-different-keycombos': [
    '3 of 01234, signed by 024',
    '3 of 01234, signed by 041',
    '3 of 01234, signed by 013',
    '3 of 01234, signed by 013',
  ],
  '3-of-5-one-key-rotated': ['3 of 01234, signed by 024', '3 of 01345, signed by 041'],
  '3-of-5-one-key-rotated-with-intermediate-step': [
    '3 of 01234, signed by 024',
    '3 of 01345, signed by 0245',
    '3 of 01345, signed by 045',
  ],
  '3-of-5-all-keys-rotated-with-intermediate-step': [
    '3 of 01234, signed by 024',
    '3 of 56789, signed by 024567',
    '3 of 56789, signed by 567',
  ],
  '1-of-3-threshold-increase-to-2-of-3': ['1 of 123, signed by 1', '2 of 123, signed by 12'],
  '2-of-3-threshold-decrease-to-1-of-3': [
    '2 of 123, signed by 12',
    '1 of 123, signed by 12',
    '1 of 123, signed by 1',
  ],
  '1-of-2-threshold-increase-to-2-of-2': ['1 of 1, signed by 1', '2 of 12, signed by 12'],
  '1-of-1-key-rotation-fail-not-signed-with-old-key': [
    '1 of 1, signed by 1',
    '1 of 2, signed by 234 refused',
  ],
  '1-of-1-key-rotation-fail-not-signed-with-new-key': [
    '1 of 1, signed by 1',
    '1 of 2, signed by 134 refused',
  ],
  '3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys': [
    '3 of 01234, signed by 024',
    '3 of 01345, signed by 024 refused',
  ],
  '3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys': [
    '3 of 01234, signed by 024',
    '3 of 01345, signed by 045 refused',
  ],
  '1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached': [
    '1 of 123, signed by 1',
    '2 of 123, signed by 2 refused',
  ],
  '2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached': [
    '2 of 123, signed by 12',
    '1 of 123, signed by 1 refused',
  ],
};

const otherCases: Readonly<Record<string, Version>> = {
  '1-of-1-key-rotation': '1 of 2, signed by 2',
  '1-of-1-key-rotation-unused-signatures': '1 of 1, signed by 314',
  '1-of-1-key-rotation-fail-not-signed-with-new-key': '1 of 2, signed by 134 refused',
  '3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys': '3 of 01345, signed by 024 refused',
  '2-of-5-one-key-signature-mising-threshold-not-reached': '3 of 01345, signed by 04 refused',
  '3-of-5-sign-first-combo': '3 of 01234, signed by 024',
  '3-of-5-sign-second-combo': '3 of 01234, signed by 041',
  '3-of-5-sign-third-combo': '3 of 01234, signed by 014',
  '3-of-5-sign-fourth-combo': '3 of 01234, signed by 123',
  '3-of-5-sign-fifth-combo': '3 of 01234, signed by 234',
};

const keys: readonly Signer[] = Array.from({ length: 10 }, () => newSigner());

function keysOf(digits: string): readonly Signer[] {
  return Array.from(digits, (digit) => {
    const key = keys[Number(digit)];
    if (key === undefined) throw new Error(`there is no key ${digit}`);
    return key;
  });
}

/** The role as `version` has it, not published yet. Returns whether it is to be accepted. */
function give(repo: Repository, role: string, version: Version): boolean {
  const [, threshold, named = '', signing = '', refused] =
    /^(\d) of (\d+), signed by (\d+)( refused)?$/.exec(version) ?? [];
  repo.clearKeys(role);
  repo.topLevelRole(role).threshold = Number(threshold);
  for (const key of keysOf(named)) repo.trustKey(role, key);
  for (const key of keysOf(signing)) repo.addSigner(role, key);
  return refused === undefined;
}

for (const [name, versions] of Object.entries(rootCases))
  test(`test_root_rotation[${name}]`, async () => {
    const twin = await newTwin();
    const { repo } = twin;
    repo.restart('root');
    let accepted = true;
    for (const version of versions) {
      accepted = give(repo, 'root', version);
      repo.publish('root');
    }
    repo.publish('targets', 'snapshot', 'timestamp');
    expect(await twin.init()).toBe(0);
    expect(await twin.refresh()).toBe(accepted ? 0 : 1);
    const expected = repo.published.get('root')?.at(accepted ? -1 : -2) ?? new Uint8Array();
    expect(await twin.file('root')).toEqual(Buffer.from(expected));
    expect(twin.refused()).toEqual(accepted ? [] : ['UNSIGNED']);
  });

for (const [name, version] of Object.entries(otherCases))
  test(`test_non_root_rotations[${name}]`, async () => {
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      const twin = await newTwin(); // a role that is refused would hide those that come after it
      const { repo } = twin;
      expect(await twin.init()).toBe(0);
      const accepted = give(repo, role, version);
      repo.publish('root', 'targets', 'snapshot', 'timestamp');
      expect(await twin.refresh()).toBe(accepted ? 0 : 1);
      const expected = accepted ? Buffer.from(repo.latest(role)) : null;
      expect(await twin.file(role)).toEqual(expected);
      expect(twin.refused()).toEqual(accepted ? [] : ['UNSIGNED']);
    }
  });
