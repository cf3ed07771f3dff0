/** What is installed is judged by the newest that the host knows: at each start, and while it runs. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { codeOf, tempFolder, World } from '../host/world.ts';
import { agreed, moduleFiles, publishModule, vaultOf, worldWith } from './plugins.ts';

const code = `export const version = () => 2; export const greet = () => 'hello';`;

function revokeAll(world: World): void {
  world.revoke(...[...world.index().versions.values()].map(({ artifact }) => artifact.sha256));
}

describe('a start', () => {
  test('goes on with metadata that has expired, and without a network', async () => {
    const world = await worldWith(code);
    world.now = new Date(world.now.getTime() + 400 * 86_400_000);
    const vault = await vaultOf(world, { mode: 'process', offline: true });
    expect(await (await vault.load('acme/hello')).call('greet')).toBe('hello');
  });

  test('is refused once the host has heard of a revocation, also after a rollback', async () => {
    const world = await worldWith(code);
    await publishModule(world, moduleFiles(`${code}//3`), { version: '3.0.0' });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    revokeAll(world);
    const vault = await vaultOf(world, { mode: 'process' });
    const before = await vault.load('acme/hello'); // nobody has asked since
    expect(before.version).toBe('3.0.0');
    await vault.recheck();
    expect(await codeOf(vault.load('acme/hello'))).toBe('REVOKED');
    expect(await codeOf(host.rollback('acme/hello'))).toBe('REVOKED');
  });

  test('of a version that is not installed is refused, of a library without a module too', async () => {
    const world = await worldWith('', { main: null });
    const vault = await vaultOf(world, { mode: 'process' });
    expect(await codeOf(vault.load('acme/hello@9.9.9'))).toBe('NOT_INSTALLED');
    expect(await codeOf(vault.load('acme/other'))).toBe('NOT_INSTALLED');
    expect(await codeOf(vault.load('acme/hello'))).toBe('NO_ENTRY');
    expect(world.events.map((event) => event.code)).toContain('NO_ENTRY');
  });

  test('of a module that throws says what it threw', async () => {
    const vault = await vaultOf(await worldWith(`throw new Error('not today')`), { mode: 'process' });
    await expect(vault.load('acme/hello')).rejects.toThrow('not today');
    expect(await codeOf(vault.load('acme/hello'))).toBe('PLUGIN_LOAD');
  });

  const endless = { 'an await without an end': 'await new Promise(() => {});', 'a loop': 'for (;;) ;' };
  for (const [name, code] of Object.entries(endless))
    test(`of a module that is never loaded, ${name}, is over in time`, async () => {
      const vault = await vaultOf(await worldWith(`${code} export const hi = () => 1;`), { mode: 'process' });
      const limits = { startTimeMs: 3_000 };
      expect(await codeOf(vault.load('acme/hello', { limits }))).toBe('START_FAILED');
      expect(await vault.recheck({ refresh: false })).toEqual([]);
    });
});

describe('what runs', () => {
  test(
    'is warned about when it is revoked, or stopped, as the policy says',
    { timeout: 60_000 },
    async () => {
      for (const onRevoked of ['warn', 'stop'] as const) {
        const world = await worldWith(code);
        const file = join(tempFolder(), 'policy.json');
        writeFileSync(
          file,
          JSON.stringify({
            format: 'ragnos-organisation-policy/1',
            rules: [{ for: 'acme/hello', onRevoked }],
          }),
        );
        const vault = await vaultOf(world, {
          mode: 'process',
          policy: file,
        });
        const hello = await vault.load('acme/hello');
        const judged: unknown[] = [];
        hello.on('judged', (about) => judged.push(about));
        expect(await vault.recheck()).toEqual([]);
        revokeAll(world);
        const stopped = onRevoked === 'stop';
        expect(await vault.recheck()).toMatchObject([
          { plugin: 'acme/hello@2.0.0', error: { code: 'REVOKED' }, stopped },
        ]);
        expect(judged).toMatchObject([{ stopped }]);
        expect(hello.state).toBe(stopped ? 'stopped' : 'running');
        expect(await codeOf(hello.call('greet'))).toBe(stopped ? 'REVOKED' : 'no error');
        expect(world.events.at(-1)).toMatchObject({ type: 'refusal', code: 'REVOKED' });
        await vault.close();
      }
    },
  );

  test('is judged again by itself; without a network, by what is known', async () => {
    const world = await worldWith(code);
    const vault = await vaultOf(world, { mode: 'process', recheckEveryMs: 100 });
    const hello = await vault.load('acme/hello');
    const [one] = await (await world.host()).list();
    const path = join(one?.folder ?? '', 'index.js');
    chmodSync(path, 0o644);
    appendFileSync(path, '//');
    await expect
      .poll(() => world.events.map((event) => event.code), { timeout: 10_000 })
      .toContain('REPAIRED');
    expect(readFileSync(path, 'utf8')).toBe(code);
    expect(hello.state).toBe('running');
    await sleep(150);
    await vault.close();
  });

  test(
    'keeps its tree, whatever is installed, pruned or uninstalled meanwhile',
    { timeout: 60_000 },
    async () => {
      const world = await worldWith(`export const late = async () => (await import('./late.js')).x;`, {
        files: { 'late.js': 'export const x = 1;' },
      });
      const host = await world.host();
      const vault = await vaultOf(world, { mode: 'process' });
      const hello = await vault.load('acme/hello');
      const versions = world.plugin('versions');
      for (const version of ['3.0.0', '4.0.0', '5.0.0', '6.0.0']) {
        await publishModule(world, moduleFiles(code), { version });
        await host.install('acme/hello', agreed);
      }
      expect(
        readdirSync(versions)
          .map((name) => name.slice(0, name.indexOf('-')))
          .toSorted(),
      ).toEqual(['2.0.0', '4.0.0', '5.0.0', '6.0.0']);
      await host.uninstall('acme/hello');
      expect(readdirSync(versions).map((name) => name.split('-')[0])).toEqual(['2.0.0']);
      expect(await hello.call('late')).toBe(1);
      await hello.close();
      await host.install('acme/hello', agreed);
      await host.uninstall('acme/hello');
      expect(existsSync(versions)).toBe(false);
    },
  );
});

describe('the seal of a large tree', () => {
  const big = { 'data.bin': 'x'.repeat(5000), 'deep/more.bin': 'y'.repeat(100) };

  async function sealed() {
    const world = await worldWith(code, { files: big });
    const [one] = await (await world.host()).list();
    const folder = one?.folder ?? '';
    const past = new Date(Date.now() - 60_000);
    for (const name of ['index.js', 'package.json', ...Object.keys(big)])
      utimesSync(join(folder, name), past, past);
    const options = { mode: 'process', sealAboveBytes: 1000 } as const;
    const start = async (): Promise<unknown> => {
      const vault = await vaultOf(world, options);
      const code = await codeOf(vault.load('acme/hello', { repair: false }));
      await vault.close();
      return code;
    };
    return { world, folder, start, seals: join(world.folder, 'seals') };
  }

  test(
    'is not made while anything is young, then is, and a change of any time breaks it',
    { timeout: 60_000 },
    async () => {
      const { world, folder, start, seals } = await sealed();
      expect(await start()).toBe('no error');
      expect(existsSync(seals)).toBe(false); // its change times are of just now
      await sleep(2100);
      expect(await start()).toBe('no error');
      expect(readdirSync(seals)).toHaveLength(1);
      const key = join(world.home, 'home-v1', 'seal.key');
      expect([statSync(key).size, statSync(key).mode & 0o777]).toEqual([32, 0o600]);
      const before = readFileSync(join(seals, readdirSync(seals)[0] ?? ''), 'utf8');
      expect(await start()).toBe('no error');
      expect(readFileSync(join(seals, readdirSync(seals)[0] ?? ''), 'utf8')).toBe(before); // used, not made anew

      const path = join(folder, 'data.bin');
      const { atime, mtime } = statSync(path);
      chmodSync(path, 0o644);
      writeFileSync(path, 'z'.repeat(5000));
      chmodSync(path, 0o444);
      utimesSync(path, atime, mtime); // the change time tells all the same
      expect(await start()).toBe('TREE_CHANGED');
    },
  );

  test(
    'whose key is damaged is as none: every byte is read, and another key is made',
    { timeout: 60_000 },
    async () => {
      const { world, start, seals } = await sealed();
      const key = join(world.home, 'home-v1', 'seal.key');
      await sleep(2100);
      expect(await start()).toBe('no error');
      for (const damaged of ['', 'x'.repeat(33)]) {
        writeFileSync(key, damaged);
        expect(await start()).toBe('no error');
        expect(statSync(key).size).toBe(32);
        expect(readdirSync(seals)).toHaveLength(1);
      }
    },
  );

  test('that somebody else wrote counts for nothing', { timeout: 60_000 }, async () => {
    const { folder, start, seals } = await sealed();
    await sleep(2100);
    expect(await start()).toBe('no error');
    const file = join(seals, readdirSync(seals)[0] ?? '');
    const path = join(folder, 'deep/more.bin');
    chmodSync(path, 0o644);
    writeFileSync(path, 'w'.repeat(100));
    chmodSync(path, 0o444);
    for (const text of [
      '',
      '{}',
      readFileSync(file, 'utf8').replace(/"mac": "[0-9a-f]{8}/, '"mac": "00000000'),
    ]) {
      writeFileSync(file, text);
      expect(await start()).toBe('TREE_CHANGED');
    }
  });
});

test('what is declared and was not given can be asked for: by whom, and in words', async () => {
  const world = await World.create();
  const capabilities = { env: ['TOKEN'], 'fs.read': ['/etc/hosts'], 'net.connect': ['*:443'] };
  await publishModule(world, moduleFiles(code), { capabilities });
  const host = await world.host();
  await host.install('acme/hello', { grant: { granted: ['fs.read', 'net.connect'], by: 'flag' } });
  const file = join(tempFolder(), 'policy.json');
  const rules = [{ for: '*', capabilities: { 'net.connect': ['api.acme.example:443'] } }];
  writeFileSync(file, JSON.stringify({ format: 'ragnos-organisation-policy/1', rules }));
  const vault = await vaultOf(world, { mode: 'process', policy: file });
  const hello = await vault.load('acme/hello');
  expect(hello.withheld).toMatchObject([
    { what: { capability: 'env', value: 'TOKEN' }, by: 'consent' },
    { what: { capability: 'net.connect', value: '*:443' }, by: `${file} rules[0]` },
  ]);
  expect(hello.withheld.every(({ what }) => /^[^\n]{10,}$/.test(what.text))).toBe(true);
  const all = await vault.load('acme/hello', { grant: { capabilities: {} } });
  expect(all.withheld.map(({ by }) => by)).toEqual([`${file} rules[0]`]);
});

test('what was agreed to and this host has not is withheld too, on a handle as on a transport', async () => {
  const world = await World.create();
  const capabilities = { 'fs.read': ['$project'], exec: ['no-such-program-here'] };
  await publishModule(world, moduleFiles(`${code} process.stdin.resume();`), {
    capabilities,
    bin: 'index.js',
  });
  await (await world.host()).install('acme/hello', agreed);
  const vault = await vaultOf(world, { mode: 'process', project: undefined });
  const withheld = [
    { what: { capability: 'exec', value: 'no-such-program-here' }, by: 'host', why: 'there is none here' },
    { what: { capability: 'fs.read', value: '$project' }, by: 'host', why: 'it stands for nothing here' },
  ];
  expect((await vault.load('acme/hello')).withheld).toMatchObject(withheld);
  const transport = vault.mcp('acme/hello');
  await transport.start();
  expect(transport.about?.withheld).toMatchObject(withheld);
  await transport.close();
});

test('a tree that was repaired while it ran is told, and it goes on', async () => {
  const world = await worldWith(code);
  const vault = await vaultOf(world, { mode: 'process' });
  const hello = await vault.load('acme/hello');
  const judged: unknown[] = [];
  hello.on('judged', (about) => judged.push(about));
  const [{ folder } = { folder: '' }] = await vault.host.list();
  const file = join(folder, 'index.js');
  chmodSync(file, 0o644);
  appendFileSync(file, '// changed');
  const told = { error: { code: 'TREE_CHANGED' }, stopped: false };
  expect(await vault.recheck({ refresh: false })).toMatchObject([told]);
  expect(judged).toMatchObject([told]);
  expect(readFileSync(file, 'utf8')).toBe(code);
  expect([hello.state, await hello.call('greet')]).toEqual(['running', 'hello']);
  expect(await vault.recheck({ refresh: false })).toEqual([]);
});
