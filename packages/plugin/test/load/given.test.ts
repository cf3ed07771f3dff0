/** What a program gives when it opens a vault or loads: a typing error never grants more, and is told. */
import { parseOrganisationPolicy, type GivenGrant, type VaultOptions } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { noCapabilities } from '../../src/capabilities/capabilities.ts';
import { narrow, type CapabilityPolicy } from '../../src/capabilities/narrow.ts';
import { codeOf } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';

const code = `export const hi = () => 'hi';`;
const minute = { timeout: 60_000 };

describe('bounds that bound nothing are refused', () => {
  const bad: Readonly<Record<string, object>> = {
    'a name of a manifest': { 'fs.read': [] },
    'a name of nothing': { reed: [] },
    'a text for a list': { env: 'TOKEN' },
    'no for a flag': { native: 'no' },
    'null for a list': { exec: null },
    'a limit of nothing': { limits: { memory: 1 } },
    'a limit that is none': { limits: { memoryMb: 'all' } },
  };
  test.each(Object.entries(bad))('%s', (_name, policy) => {
    expect(() => narrow(noCapabilities, Object.assign<CapabilityPolicy, object>({}, policy))).toThrow(
      expect.objectContaining({ code: 'BAD_FORMAT' }),
    );
  });

  test('what is absent bounds nothing', () => {
    expect(narrow(noCapabilities, { read: undefined, limits: { memoryMb: undefined } })).toEqual(
      noCapabilities,
    );
  });
});

test('a grant with a member that it has not starts nothing', minute, async () => {
  const world = await worldWith(code, { capabilities: { 'fs.read': ['$project'] } });
  const vault = await vaultOf(world, { mode: 'process' });
  const grants: readonly (readonly [object, string])[] = [
    [{ capabilities: { 'fs.read': [] } }, 'BAD_FORMAT'],
    [{ capability: { read: [] } }, 'BAD_SPEC'],
    [{ read: [] }, 'BAD_SPEC'],
    [{ capabilities: { read: [] } }, 'no error'],
  ];
  for (const [grant, expected] of grants)
    expect(
      await codeOf(vault.load('acme/hello', { grant: Object.assign<GivenGrant, object>({}, grant) })),
    ).toBe(expected);
});

test('a mode that is none is told with those that are', minute, async () => {
  const world = await worldWith(code);
  const opened = vaultOf(world, Object.assign<Partial<VaultOptions>, object>({}, { mode: 'sandboxed' }));
  await expect(opened).rejects.toMatchObject({
    code: 'BAD_SPEC',
    message: 'there is no mode "sandboxed"',
    hint: 'the modes are compute, process, sandbox, trusted',
  });
  const vault = await vaultOf(world);
  const loaded = vault.load('acme/hello', Object.assign<object, object>({}, { mode: 'none' }));
  expect(await codeOf(loaded)).toBe('BAD_SPEC');
});

describe('a policy that is an object', minute, () => {
  const format = 'ragnos-organisation-policy/1';
  const refusing = { format, rules: [{ for: 'acme/*', refuse: true }] };

  test('holds as its file would, and as it was read', async () => {
    const world = await worldWith(code);
    for (const policy of [refusing, parseOrganisationPolicy(Buffer.from(JSON.stringify(refusing)))]) {
      const vault = await vaultOf(world, { policy });
      expect(await codeOf(vault.load('acme/hello'))).toBe('NOT_ALLOWED');
    }
    const vault = await vaultOf(world, { mode: 'process', policy: { format } });
    expect(await codeOf(vault.load('acme/hello'))).toBe('no error');
  });

  const bad: Readonly<Record<string, object>> = {
    'with a rule that is none': { format, rules: [{ for: 'acme' }] },
    'with a member more': { format, rulez: [] },
    'of another format': { format: 'mine/1', rules: [] },
    'without a format': { rules: [{ for: '*', refuse: true }] },
    'that is a list': [],
  };
  test.each(Object.entries(bad))('%s is refused', async (_name, policy) => {
    const world = await worldWith(code);
    const opened = vaultOf(world, Object.assign<Partial<VaultOptions>, object>({}, { policy }));
    expect(await codeOf(opened)).toBe('BAD_POLICY');
  });
});
