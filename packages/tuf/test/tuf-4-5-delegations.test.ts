import {
  binFor,
  binName,
  delegatedKeys,
  type Delegations,
  isBin,
  matchesPattern,
  parseMetadata,
  roleName,
  rolesForTarget,
  targetPath,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { envelope, keysJson, role, targetsJson, type Json } from './world.ts';

const signer = ed25519();

function read(over: Json): Delegations {
  const json = targetsJson({ delegations: { keys: keysJson([signer]), ...over } });
  const { delegations } = parseMetadata(envelope(json, []), 'targets').signed;
  if (delegations === null) throw new Error('no delegations were read');
  return delegations;
}

const by = (name: string, over: Json): Json => ({ name, ...role([signer]), terminating: false, ...over });

describe('path patterns', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/*', 'a', false],
    ['a/*.tgz', 'a/b.tgz', true],
    ['a/*.tgz', 'a/b.tar', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a/c', false],
    ['?', '\u{1f600}', true],
    ['\u{1f600}*', '\u{1f600}x', true],
    ['A', 'a', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['{a,b}', 'a', false],
    ['{a,b}', '{a,b}', true],
    ['!a', 'b', false],
    ['**', 'a/b', false],
    ['**', 'ab', true],
    ['', '', true],
    ['a**b', 'ab', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*ab', 'aab', true],
    ['a.c', 'abc', false],
  ];
  for (const [pattern, path, matches] of cases)
    test(`${pattern} ${matches ? 'covers' : 'does not cover'} ${path}`, () =>
      expect(matchesPattern(pattern, path)).toBe(matches));

  test('as a regular expression says', () => {
    const unit = fc.constantFrom('a', 'b', '*', '?', '/', '.', '[', '\\', '\u{1f600}');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), fc.string({ unit, maxLength: 8 }), (pattern, path) => {
        const oracle = pattern
          .replaceAll(/[.[\\]/g, '\\$&')
          .replaceAll('*', '[^/]*')
          .replaceAll('?', '[^/]');
        expect(matchesPattern(pattern, path)).toBe(new RegExp(`^${oracle}$`, 'u').test(path));
      }),
      { numRuns: 3000 },
    );
  });

  test('never take long: a pattern that hangs a backtracking matcher, 200 times', () => {
    const started = process.cpuUsage();
    for (let round = 0; round < 200; round++) {
      expect(matchesPattern(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
      expect(matchesPattern(`${'*'.repeat(5000)}b`, 'a'.repeat(255))).toBe(false);
      expect(matchesPattern(`${'?*'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
    }
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });
});

describe('the roles that may list a target, in trust order', () => {
  const path = targetPath('vendors/acme/x.tgz');
  const digest = createHash('sha256').update(path).digest('hex');

  test('by path', () => {
    const found = read({
      roles: [
        by('second', { paths: ['vendors/acme/*'], terminating: true }),
        by('none', { paths: ['vendors/*'] }),
        by('empty', { paths: [] }),
        by('first', { paths: ['x', 'vendors/*/*'] }),
      ],
    });
    expect(rolesForTarget(found, path)).toEqual([
      { name: 'second', terminating: true },
      { name: 'first', terminating: false },
    ]);
  });

  test('by hash of the path', () => {
    const other = digest.startsWith('0') ? '1' : '0';
    const found = read({
      roles: [
        by('whole', { path_hash_prefixes: [digest] }),
        by('no', { path_hash_prefixes: [other] }),
        by('short', { path_hash_prefixes: [other, digest.slice(0, 1)] }),
        by('path', { paths: ['vendors/*/*'] }),
      ],
    });
    expect(rolesForTarget(found, path).map(({ name }) => name)).toEqual(['whole', 'short', 'path']);
  });

  test.each([1, 2, 3, 4, 5, 8, 16, 31, 32])('in %i bits of bins', (bitLength) => {
    const found = read({ succinct_roles: { ...role([signer]), bit_length: bitLength, name_prefix: 'bin' } });
    const bits = BigInt(`0x${digest}`) >> BigInt(256 - bitLength);
    const width = (2n ** BigInt(bitLength) - 1n).toString(16).length;
    const name = `bin-${bits.toString(16).padStart(width, '0')}`;
    expect(rolesForTarget(found, path)).toEqual([{ name, terminating: true }]);
    const { succinctRoles } = found;
    if (succinctRoles === null) throw new Error('no succinct roles');
    expect(binFor(succinctRoles, path)).toBe(name);
    expect(isBin(succinctRoles, name)).toBe(true);
    expect(isBin(succinctRoles, binName(succinctRoles, 2 ** bitLength - 1))).toBe(true);
  });

  test('as TAP 15 counts: 2^3 bins, names of one digit', () => {
    const { succinctRoles } = read({
      succinct_roles: { ...role([signer]), bit_length: 3, name_prefix: 'b' },
    });
    if (succinctRoles === null) throw new Error('no succinct roles');
    const names = Array.from({ length: 8 }, (_, index) => binName(succinctRoles, index));
    expect(names).toEqual(['b-0', 'b-1', 'b-2', 'b-3', 'b-4', 'b-5', 'b-6', 'b-7']);
  });
});

describe('who signs a delegated role', () => {
  const roles = read({ roles: [by('a', { paths: [] }), by('b', { paths: [], threshold: 2 })] });
  const bins = read({ succinct_roles: { ...role([signer]), bit_length: 4, name_prefix: 'bin' } });

  test('is said by name', () => {
    expect(delegatedKeys(roles, roleName('b'))?.threshold).toBe(2);
    expect(delegatedKeys(roles, roleName('c'))).toBeNull();
    expect(delegatedKeys(bins, roleName('bin-f'))?.keyIds).toEqual([signer.key.keyId]);
    expect(delegatedKeys(bins, roleName('bin-10'))).toBeNull();
    expect(delegatedKeys({ ...roles, roles: null }, roleName('a'))).toBeNull();
    expect(rolesForTarget({ ...roles, roles: null }, targetPath('a'))).toEqual([]);
    const neither = roles.roles?.map((role) => ({ ...role, paths: null })) ?? [];
    expect(rolesForTarget({ ...roles, roles: neither }, targetPath('a'))).toEqual([]);
  });
});
