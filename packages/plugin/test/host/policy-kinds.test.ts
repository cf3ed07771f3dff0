/** Which kinds of files an organisation has in its plugins: what a rule says at each step from choosing to running. */
import {
  filePath,
  openVault,
  parseOrganisationPolicy,
  pluginVersion,
  serializeOrganisationPolicy,
  type OrganisationPolicy,
} from '@ragnos/plugin';
import { targetPath } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { codeOf, helloFiles, World, type BuildOptions, type PluginFiles } from './world.ts';

const policyFile = 'policy/organisation.json';

function policy(...rules: readonly object[]): OrganisationPolicy {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  return parseOrganisationPolicy(Buffer.from(text));
}

function sign(world: World, ...rules: readonly object[]): void {
  world.simulator.addTarget(policyFile, serializeOrganisationPolicy(policy(...rules)), 'policy');
  world.simulator.publish('policy');
}

const withTool = (version: string): PluginFiles => ({ ...helloFiles(version), 'tools/setup.EXE': 'MZ' });
const noPrograms = { for: '*', files: { refuse: ['exe'] }, reason: 'no programs' };

/** 1.0.0 holds what it always did, 1.1.0 a program. */
async function published(options: BuildOptions = {}): Promise<World> {
  const world = await World.create();
  await world.publish('1.1.0', { files: withTool('1.1.0'), ...options });
  return world;
}

describe('a first installation', () => {
  test('of the version itself is refused before its archive is asked for: the file, the rule, the reason', async () => {
    const world = await published();
    const host = await world.host({ policy: policy({ for: 'other/*' }, noPrograms) });
    const asked = world.simulator.requests.length;
    await expect(host.install('acme/hello@1.1.0')).rejects.toMatchObject({
      code: 'FILE_KIND',
      message:
        'acme/hello@1.1.0 holds tools/setup.EXE, a kind of file that the host’s policy rules[1] refuses: no programs',
      hint: 'ragv policy explain acme/hello',
    });
    expect(await host.list()).toEqual([]);
    const since = world.simulator.requests.slice(asked).join('\n');
    expect(since).toContain('.manifest.json');
    expect(since).not.toContain('.tgz');
  });

  test('takes the newest version that the rule lets through, and says so', async () => {
    const host = await (await published()).host({ policy: policy(noPrograms) });
    expect(await host.install('acme/hello')).toMatchObject({
      version: '1.0.0',
      held: { version: '1.1.0', code: 'FILE_KIND' },
    });
  });

  const rules: Readonly<Record<string, readonly [rule: object, code: string | null]>> = {
    'a rule for another vendor': [{ for: 'other/*', files: { allow: [] } }, null],
    'a rule for another plugin': [{ for: 'acme/bye', files: { allow: [] } }, null],
    'a rule for the vendor': [{ for: 'acme/*', files: { allow: ['js', 'json', 'txt'] } }, 'FILE_KIND'],
    'every kind that it holds': [{ for: 'acme/hello', files: { allow: ['js', 'json', 'txt', 'exe'] } }, null],
    'no kind at all': [{ for: '*', files: { allow: [] } }, 'FILE_KIND'],
    'another kind': [{ for: '*', files: { refuse: ['node', 'py'] } }, null],
  };
  test.each(Object.entries(rules))('%s', async (_name, [rule, code]) => {
    const host = await (await published()).host({ policy: policy(rule) });
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe(code ?? 'no error');
  });

  test('a rule in each of two policies: what either refuses is refused', async () => {
    const world = await published();
    sign(world, { for: '*', files: { allow: ['js', 'json', 'txt'] } });
    const both = await world.host({
      policy: policy({ for: '*', files: { allow: ['js', 'json', 'txt', 'exe'] } }),
    });
    await expect(both.install('acme/hello@1.1.0')).rejects.toMatchObject({
      code: 'FILE_KIND',
      message: expect.stringContaining('policy/organisation.json of main rules[0]') as unknown,
    });
  });

  test('many files are three and a number', async () => {
    const files = { ...withTool('1.1.0'), 'a.exe': '', 'b.exe': '', 'c.exe': '' };
    const host = await (await published({ files })).host({ policy: policy(noPrograms) });
    await expect(host.install('acme/hello@1.1.0')).rejects.toThrow(
      'holds a.exe, b.exe, c.exe and 1 more, kinds of files that',
    );
  });
});

test('an update stays where it is, holds the version and remembers why', async () => {
  const world = await World.create();
  const host = await world.host({ policy: policy(noPrograms) });
  await host.install('acme/hello');
  await world.publish('1.1.0', { files: withTool('1.1.0') });
  const held = { version: '1.1.0', code: 'FILE_KIND' };
  expect(await host.status()).toMatchObject({ plugins: [{ newer: null, heldUpdate: held }] });
  expect(await host.update()).toMatchObject([{ changed: false, version: '1.0.0', held }]);
  expect(await host.list()).toMatchObject([{ version: '1.0.0', heldUpdate: held }]);
  await world.publish('1.2.0');
  expect(await host.update()).toMatchObject([{ version: '1.2.0', held: null }]);
});

describe('a rule that comes later', () => {
  test('reaches what is installed: not started, not handed out, an alarm for whoever watches', async () => {
    const world = await published();
    const host = await world.host();
    await host.install('acme/hello');
    sign(world, { for: '*', files: { refuse: ['bat'] } }, noPrograms);
    const refused = { code: 'FILE_KIND' };
    expect((await host.status()).plugins).toMatchObject([{ version: '1.1.0', refused }]);
    expect(await host.verify()).toMatchObject([{ ok: true, refused }]);
    expect(await codeOf(host.run('acme/hello', []))).toBe('FILE_KIND');
    expect(await codeOf(host.artifact('acme/hello'))).toBe('FILE_KIND');
    expect(await codeOf((await world.host({ offline: true })).run('acme/hello', []))).toBe('FILE_KIND');
    expect(await host.grants('acme/hello')).toMatchObject([{ permit: null, refused }]);
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('FILE_KIND');
    expect(await host.install('acme/hello@1.0.0')).toMatchObject({ changed: true });
    expect(await codeOf(host.rollback('acme/hello'))).toBe('FILE_KIND');
    expect(await host.run('acme/hello', [])).toMatchObject({ exitCode: 0 });
  });

  test('reaches what runs: a warning, or its end', { timeout: 60_000 }, async () => {
    const world = await World.create();
    const library = { ...withTool('1.1.0'), 'main.js': `export const hi = () => 'hi';` };
    await world.publish('1.1.0', {
      files: library,
      change: (manifest) => ({ ...manifest, entry: { main: filePath('main.js'), bin: new Map() } }),
    });
    await (await world.host()).install('acme/hello');
    const { home, simulator: fetcher } = world;
    const vault = await openVault({
      home,
      fetcher,
      now: () => world.now,
      mode: 'process',
      recheckEveryMs: 0,
    });
    try {
      const hello = await vault.load('acme/hello');
      expect(await vault.recheck()).toEqual([]);
      for (const stopped of [false, true]) {
        sign(world, { ...noPrograms, ...(stopped ? { onRevoked: 'stop' } : {}) });
        expect(await vault.recheck()).toMatchObject([{ error: { code: 'FILE_KIND' }, stopped }]);
        expect(hello.state).toBe(stopped ? 'stopped' : 'running');
      }
      expect(await codeOf(vault.load('acme/hello'))).toBe('FILE_KIND');
    } finally {
      await vault.close();
    }
  });
});

describe('explained', () => {
  test('version by version, also one that another rule refuses already', async () => {
    const world = await published();
    const host = await world.host({ policy: policy({ for: 'acme/*', versions: '1.0.x' }, noPrograms) });
    expect(await host.explainPolicy('acme/hello')).toMatchObject({
      rules: [{}, { says: '*: no files .exe (no programs)' }],
      versions: [
        { version: '1.1.0', refusedBy: [{ code: 'NOT_PINNED' }, { code: 'FILE_KIND' }] },
        { version: '1.0.0', refusedBy: [] },
      ],
    });
  });

  test('a version made for other machines; and one whose manifest is not the signed one, which hides no other', async () => {
    const world = await published({ change: (manifest) => ({ ...manifest, target: 'aix' }) });
    await world.publish('1.2.0');
    const path = 'vendors/acme/hello/hello-1.2.0.manifest.json';
    world.simulator.role('vendor.acme').targets.delete(targetPath(path));
    world.simulator.publish('vendor.acme');
    const host = await world.host({ policy: policy(noPrograms) });
    expect((await host.explainPolicy('acme/hello')).versions).toMatchObject([
      { version: '1.2.0', refusedBy: [{ code: 'IDENTITY_MISMATCH' }] },
      { version: '1.1.0', refusedBy: [{ code: 'FILE_KIND' }] },
      { version: '1.0.0', refusedBy: [] },
    ]);
    expect(await codeOf(host.install('acme/hello'))).toBe('IDENTITY_MISMATCH');
  });

  test('no more than 50 versions are looked at for one decision; the others are refused', async () => {
    const world = await World.create();
    for (let minor = 1; minor <= 50; minor++)
      await world.publish(`1.${minor}.0`, { files: withTool(`1.${minor}.0`) });
    const host = await world.host({ policy: policy(noPrograms) });
    const { versions } = await host.explainPolicy('acme/hello');
    expect(versions).toHaveLength(51);
    expect(versions.at(-1)).toMatchObject({
      version: '1.0.0',
      refusedBy: [{ code: 'FILE_KIND', message: expect.stringContaining('50 newer versions') as unknown }],
    });
    await expect(host.install('acme/hello')).rejects.toThrow('acme/hello@1.50.0 holds tools/setup.EXE');
    expect(await host.install(`acme/hello@${pluginVersion('1.0.0')}`)).toMatchObject({ version: '1.0.0' });
  });
});

test('without such a rule no manifest is fetched to choose a version', async () => {
  const world = await published();
  const host = await world.host({ policy: policy({ for: '*', versions: '1.0.x' }) });
  const asked = world.simulator.requests.length;
  await host.explainPolicy('acme/hello');
  expect(world.simulator.requests.slice(asked).join('\n')).not.toContain('.manifest.json');
});
