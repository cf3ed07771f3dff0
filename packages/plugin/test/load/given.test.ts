/** What a program gives when it opens a vault or loads: a typing error never grants more, and is told. */
import {
  defaultHostLimits,
  openHost,
  openVault,
  parseOrganisationPolicy,
  VaultError,
  type GivenGrant,
  type VaultOptions,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { noCapabilities } from '../../src/capabilities/capabilities.ts';
import { narrow, type CapabilityPolicy } from '../../src/capabilities/narrow.ts';
import { codeOf } from '../host/world.ts';
import { moduleFiles, publishModule, vaultOf, worldWith } from './plugins.ts';

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
    [{ capabilities: { 'fs.raed': [] } }, 'BAD_FORMAT'],
    [{ capability: { read: [] } }, 'BAD_SPEC'],
    [{ read: [] }, 'BAD_SPEC'],
    [{ capabilities: { read: [] } }, 'BAD_FORMAT'],
    [{ capabilities: { 'fs.read': [] } }, 'no error'],
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

describe('what a program gives and cannot mean is refused, with the word that is wrong', minute, () => {
  const untyped = (given: object): object => given; // as a caller without types
  const refused = async (work: () => unknown): Promise<unknown> => {
    try {
      await work();
      return 'no error';
    } catch (error) {
      return error instanceof VaultError ? `${error.code} ${error.message}` : error;
    }
  };

  test('to openVault and openHost', async () => {
    const world = await worldWith(code);
    const base = { home: world.home };
    const bad: Readonly<Record<string, object>> = {
      'BAD_SPEC openVault: home is missing': { home: undefined },
      'BAD_SPEC openVault: there is no option "polcy"': { ...base, polcy: {} },
      'BAD_SPEC openVault: recheckEveryMs is not a number from 0 to 2147483647': {
        ...base,
        recheckEveryMs: Infinity,
      },
      'BAD_SPEC openVault: offline is not true or false': { ...base, offline: 'yes' },
      'BAD_SPEC limits: keepVersions is not a finite number above 0': {
        ...base,
        limits: { ...defaultHostLimits, keepVersions: -3 },
      },
      'BAD_SPEC limits: maxFiles is missing': {
        ...base,
        limits: { ...defaultHostLimits, maxFiles: undefined },
      },
    };
    for (const [words, given] of Object.entries(bad))
      expect(
        await refused(async () => openVault(Object.assign<VaultOptions, object>({ home: '' }, given))),
      ).toBe(words);
    expect(await refused(async () => openHost(Object.assign(base, { mode: 'process' })))).toBe(
      'BAD_SPEC openHost: there is no option "mode"',
    );
  });

  test('to load, mcp, call, run and install', async () => {
    const world = await worldWith(code);
    const vault = await vaultOf(world, { mode: 'process' });
    const load = async (given: object): Promise<unknown> =>
      refused(async () => vault.load('acme/hello', untyped(given)));
    expect(await load({ limits: { callTimeMs: 2 ** 31 } })).toBe(
      'BAD_SPEC load: limits: callTimeMs is not a number above 0, up to 2147483647',
    );
    expect(await load({ limits: { callTime: 1 } })).toBe(
      'BAD_SPEC load: limits: there is no option "callTime"',
    );
    expect(await load({ limits: { valueBytes: Infinity } })).toBe(
      'BAD_SPEC load: limits: valueBytes is not a finite number above 0',
    );
    expect(await load({ restart: { backoffMs: Number.NaN } })).toBe(
      'BAD_SPEC load: restart: backoffMs is not a number from 0 to 2147483647',
    );
    expect(await load({ env: { A: 'b' } })).toBe('BAD_SPEC load: env is not a Map');
    expect(await refused(() => vault.mcp('acme/hello', untyped({ settings: { a: ['b'] } })))).toBe(
      'BAD_SPEC mcp: settings is not a Map',
    );
    expect(await refused(async () => vault.host.run('acme/hello', [], untyped({ settings: {} })))).toBe(
      'BAD_SPEC run: settings is not a Map',
    );
    const hello = await vault.load('acme/hello');
    expect(await refused(async () => hello.call(hello.functions[0] ?? '', null, { timeoutMs: -1 }))).toBe(
      'BAD_SPEC call: timeoutMs is not a number above 0, up to 2147483647',
    );
    const grant = async (given: object): Promise<unknown> =>
      refused(async () => vault.host.install('acme/hello', untyped({ grant: given })));
    await publishModule(world, moduleFiles(code), { version: '2.0.1', capabilities: { env: ['A'] } });
    expect(await grant({ granted: ['fs.raed'], by: 'host' })).toBe(
      'BAD_SPEC grant: there is no capability "fs.raed"',
    );
    expect(await grant({ granted: { 'fs.raed': [] }, by: 'host' })).toBe(
      'BAD_FORMAT grant.fs.raed: expected no member of this name',
    );
    expect(await grant({ granted: 'all', by: 'me' })).toBe('BAD_SPEC grant: by is terminal, flag or host');
    expect(await grant({ grant: 'all', by: 'host' })).toBe('BAD_SPEC grant: there is no "grant" in it');
  });
});

test('a misspelt option of the host is not as if it were not there', minute, async () => {
  const world = await worldWith(code);
  const { host } = await vaultOf(world);
  const untyped: object = { dryrun: true };
  const refused: readonly Promise<unknown>[] = [
    host.uninstall('acme/hello', untyped),
    host.verify('acme/hello', untyped),
    host.info('acme/hello', untyped),
    host.files('acme/hello', untyped),
    host.withdraw('acme/hello', untyped),
    host.explain('acme/hello', untyped),
    host.manifest('acme/hello', untyped),
    host.artifact('acme/hello', untyped),
    host.explainPolicy('acme/hello', untyped),
    host.search('hello', untyped),
    host.status(untyped),
    host.log(untyped),
  ];
  expect(new Set(await Promise.all(refused.map(codeOf)))).toEqual(new Set(['BAD_SPEC']));
  expect(await host.list()).toHaveLength(1);
});

test('a call between two starts waits for a part of a millisecond too', minute, async () => {
  const world = await worldWith('export const dies = () => process.exit(3);');
  const vault = await vaultOf(world, { mode: 'process' });
  const hello = await vault.load('acme/hello', { restart: { backoffMs: 20_000 } });
  expect(await codeOf(hello.call('dies', null))).toBe('PLUGIN_CRASHED');
  expect(await codeOf(hello.call('dies', null, { timeoutMs: 0.5 }))).toBe('CALL_TIMEOUT');
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
    'without a format, of what else': { rules: [{ for: '*', mode: 'sandbox' }] },
    'with no rule that is read': { vendors: null, rules: [{ vendor: null }] },
  };
  test.each(Object.entries(bad))('%s is refused', async (_name, policy) => {
    const world = await worldWith(code);
    const opened = vaultOf(world, Object.assign<Partial<VaultOptions>, object>({}, { policy }));
    expect(await codeOf(opened)).toBe('BAD_POLICY');
  });
});
