import { roleName } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import {
  delegations,
  envelope,
  load,
  codeOf,
  repository,
  roleBytes,
  targetsJson,
  targetsRole,
} from './world.ts';

// TOB-SIGSTORE-14: a role that one delegator vouches for was believed under another.

const [a, b, shared] = [ed25519(), ed25519(), ed25519()];
const [roleA, roleB, common, leaf] = ['a', 'b', 'common', 'leaf'].map((name) => roleName(name));
if (!roleA || !roleB || !common || !leaf) throw new Error('no names');

const files = repository({
  targets: { delegations: delegations({ a: [[a]], b: [[b]] }) },
  roles: {
    a: [{ delegations: delegations({ common: [[a]] }) }, [a]],
    b: [{ delegations: delegations({ common: [[shared]] }) }, [b]],
    common: [{}, [a]],
  },
});

describe('a role in two delegations', () => {
  const set = load(files);
  set.updateDelegatedTargets(roleBytes(files, 'a'), roleA, targetsRole);
  set.updateDelegatedTargets(roleBytes(files, 'b'), roleB, targetsRole);
  set.updateDelegatedTargets(roleBytes(files, 'common'), common, roleA);

  test('is trusted under the delegator whose keys signed it', () =>
    expect(set.role(common, roleA)).not.toBeNull());

  test('is not trusted under the other', () => {
    expect(set.role(common, roleB)).toBeNull();
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(files, 'common'), common, roleB))).toBe(
      'UNSIGNED',
    );
    expect(set.role(common, roleB)).toBeNull();
    expect(set.role(common, targetsRole)).toBeNull();
  });
});

describe('where the snapshot gives no hashes', () => {
  // A mirror and the key of `a` make a second file of the same version, which delegates `leaf` to `a`.
  const good = repository({
    hashes: false,
    targets: { delegations: delegations({ a: [[a]], b: [[b]] }) },
    roles: {
      a: [{ delegations: delegations({ common: [[a]] }) }, [a]],
      b: [{ delegations: delegations({ common: [[shared]] }) }, [b]],
      common: [{ delegations: delegations({ leaf: [[shared]] }) }, [shared, a]],
      leaf: [{}, [a]],
    },
  });
  const forged = envelope(targetsJson({ targets: {}, delegations: delegations({ leaf: [[a]] }) }), [a]);
  const opened = () => {
    const set = load(good);
    set.updateDelegatedTargets(roleBytes(good, 'a'), roleA, targetsRole);
    set.updateDelegatedTargets(roleBytes(good, 'b'), roleB, targetsRole);
    return set;
  };

  test('what one delegator vouches for does not delegate in the name of another', () => {
    const set = opened();
    set.updateDelegatedTargets(forged, common, roleA);
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(good, 'common'), common, roleB))).toBe(
      'BAD_VERSION',
    );
    expect(set.role(common, roleB)).toBeNull();
  });

  test('nor does it replace what was trusted', () => {
    const set = opened();
    const trusted = set.updateDelegatedTargets(roleBytes(good, 'common'), common, roleB);
    expect(codeOf(() => set.updateDelegatedTargets(forged, common, roleA))).toBe('BAD_VERSION');
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(good, 'leaf'), leaf, common))).toBe('UNSIGNED');
    expect(set.role(common, roleB)).toBe(trusted);
  });

  test('the same content is trusted under both', () => {
    const set = opened();
    const trusted = set.updateDelegatedTargets(roleBytes(good, 'common'), common, roleB);
    expect(set.updateDelegatedTargets(roleBytes(good, 'common'), common, roleA)).toBe(trusted);
    expect(set.role(common, roleA)).toBe(set.role(common, roleB));
  });
});
