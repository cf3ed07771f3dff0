import { isBin, roleName, type SuccinctRoles } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { keysJson, load, codeOf, repository, role, roleBytes, targetsRole } from './world.ts';

// GHSA-77hh-43cm-v8j6: a name that succinct roles do not make was taken for one of their bins.

const signer = ed25519();
const bins: SuccinctRoles = {
  bitLength: 5,
  namePrefix: 'bin',
  keyIds: [],
  threshold: 1,
  unrecognized: new Map(),
};
const no = [
  'bin',
  'bin-',
  'bin-0',
  'bin-000',
  'bin-20',
  'bin-ff',
  'bin-1F',
  'bin-0x',
  'bin--1',
  'bin- 1',
  'bin-+1',
  'bin-1.',
  'bin_00',
  'bi-00',
  'BIN-00',
  'bin-00/..',
  'xbin-00',
];

test.each(['bin-00', 'bin-0a', 'bin-1f'])('%s is a bin', (name) => expect(isBin(bins, name)).toBe(true));
test.each(no)('%s is none', (name) => expect(isBin(bins, name)).toBe(false));

test('what is none is not trusted, whoever signed it', () => {
  const files = repository({
    targets: {
      delegations: {
        keys: keysJson([signer]),
        succinct_roles: { ...role([signer]), bit_length: 5, name_prefix: 'bin' },
      },
    },
    roles: { 'bin-1f': [{}, [signer]], 'bin-20': [{}, [signer]], other: [{}, [signer]] },
  });
  const set = load(files);
  const update = (name: string) =>
    set.updateDelegatedTargets(roleBytes(files, name), roleName(name), targetsRole);
  expect(update('bin-1f').version).toBe(1);
  expect(codeOf(() => update('bin-20'))).toBe('UNKNOWN_ROLE');
  expect(codeOf(() => update('other'))).toBe('UNKNOWN_ROLE');
});
