/** Nothing is installed that nobody agreed to; what an update wants more of is held, and agreed to exactly. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConsentRequiredError, requestWords, trustRepository, type ConsentRequest } from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { agreed, codeOf, installedWith, publishWith, sha256, World, type Built } from './world.ts';

const texts = (text: string): JsonObject => ({ tools: { send: sha256(text) } });

async function publish(world: World, version: string, capabilities: JsonObject): Promise<Built> {
  return publishWith(world, version, { capabilities });
}

async function requestOf(action: Promise<unknown>): Promise<ConsentRequest> {
  const error: unknown = await action.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConsentRequiredError) return error.request;
  throw new Error('nobody was asked', { cause: error });
}

const installed = async (before: JsonObject): Promise<World> => installedWith({ capabilities: before });
const versionOf = async (world: World): Promise<string | undefined> =>
  (await (await world.host()).list())[0]?.version;
const grantsFile = (world: World): string => join(world.folder, 'grants', 'acme', 'hello.json');

describe('what is said of a request', () => {
  test('of each capability that is grave something, the widest first, and how many more there are', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', {
      env: [
        ...Array.from({ length: 100 }, (_, n) => `HARMLESS_${n}`),
        ...Array.from({ length: 30 }, (_, n) => `TOKEN_${n}`),
      ],
      exec: ['git', 'powershell', 'sh', 'python3', '*'],
      'fs.read': ['$home/.ssh/config', '$home'],
      native: true,
    });
    const { grave, others } = requestWords(await requestOf((await world.host()).install('acme/hello')), 2);
    expect(grave).toEqual([
      'starts any program',
      'starts sh, which can start anything',
      'asks for 2 more of exec',
      'loads native code',
      'reads your home folder',
      'reads .ssh/config in your home folder',
      'sees the environment variable TOKEN_0',
      'sees the environment variable TOKEN_1',
      'asks for 28 more of env',
    ]);
    expect(others).toHaveLength(101);
    const refused = (await world.host()).install('acme/hello');
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(/TOKEN_0; .*asks for 28 more of env; and 101 more$/) as unknown,
    });
  });
});

describe('a first installation', () => {
  test('of a plugin that asks for nothing asks nobody, and writes no consent', async () => {
    const world = await World.create();
    expect(await (await world.host()).install('acme/hello')).toMatchObject({ changed: true, held: null });
    expect(await (await world.host()).grants()).toMatchObject([{ consents: [], permit: { consent: null } }]);
  });

  test('of one that asks is refused in words, with the command, before anything is downloaded', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { 'fs.read': ['$project'], 'net.connect': ['api.example.com:443'] });
    await expect((await world.host()).install('acme/hello')).rejects.toMatchObject({
      code: 'CONSENT_REQUIRED',
      message: expect.stringContaining('reads the folder of your project') as unknown,
      hint: expect.stringContaining('ragv install acme/hello@1.1.0 --grant all') as unknown,
      request: { previous: null, version: '1.1.0' },
    });
    expect([...world.installed().keys()].filter((path) => path.startsWith('plugins/acme/'))).toEqual([]);
    expect(world.events.at(-1)).toMatchObject({ type: 'refusal', code: 'CONSENT_REQUIRED' });
  });

  test('agreed to: kept with who, when, and the digest of what was agreed to; nobody else may read it', async () => {
    const world = await installed({ env: ['TOKEN'] });
    const text: unknown = JSON.parse(readFileSync(grantsFile(world), 'utf8'));
    expect(text).toMatchObject({
      format: 'ragnos-grants/1',
      consents: [
        { version: '1.1.0', by: 'host', capabilities: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
      ],
    });
    expect(statSync(grantsFile(world)).mode & 0o077).toBe(0);
    expect(await (await world.host()).grants('acme/hello')).toMatchObject([
      { permit: { capabilities: { env: ['TOKEN'] }, withheld: [] }, refused: null },
    ]);
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'change', code: 'CONSENTED' }));
  });

  test('in part: what was not named is withheld, and said to be', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { env: ['TOKEN'], 'fs.write': ['$project'], exec: ['git'] });
    const host = await world.host();
    await host.install('acme/hello', { grant: { granted: ['fs.write'], by: 'flag' } });
    expect(await host.grants('acme/hello')).toMatchObject([
      {
        permit: {
          capabilities: { env: [], exec: [], write: ['$project'] },
          withheld: [
            { what: { capability: 'env' }, by: 'consent' },
            { what: { capability: 'exec' }, by: 'consent' },
          ],
        },
      },
    ]);
  });

  test('chosen folders are those that were named, as real paths', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { 'fs.read': ['$chosen'] });
    const folder = join(world.project, 'chosen');
    mkdirSync(folder);
    const host = await world.host();
    const request = await requestOf(host.install('acme/hello'));
    expect(request.choosesFolders).toBe(true);
    const missing = { granted: 'all', by: 'flag', folders: [join(folder, 'no')] } as const;
    expect(await codeOf(host.install('acme/hello', { grant: missing }))).toBe('BAD_SPEC');
    await host.install('acme/hello', { grant: { granted: 'all', by: 'flag', folders: [folder] } });
    expect(await host.grants()).toMatchObject([{ permit: { folders: [folder] } }]);
  });

  test('more folders than are kept are refused, not kept and called damaged', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { 'fs.read': ['$chosen'] });
    const host = await world.host();
    const grant = { granted: 'all', by: 'host', folders: Array(101).fill(world.project) } as const;
    expect(await codeOf(host.install('acme/hello', { grant }))).toBe('BAD_SPEC');
    await host.install('acme/hello', { grant: { ...grant, folders: Array(100).fill(world.project) } });
    expect((await host.grants())[0]?.permit?.folders).toHaveLength(100);
  });

  test('to as many tools as a manifest can list is kept, and read again', async () => {
    const world = await World.create();
    const names = Array.from({ length: 1000 }, (_, n) => `${n}-${'工'.repeat(190)}`);
    const tools: JsonObject = Object.fromEntries(names.map((name) => [name, sha256('')] as const));
    await publish(world, '1.1.0', { tools });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    expect((await host.grants())[0]?.permit?.capabilities.tools.size).toBe(1000);
  });

  test('an answer to another request than the one that is asked now is none', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { env: ['TOKEN'] });
    const host = await world.host();
    const { manifest } = await requestOf(host.install('acme/hello'));
    await publish(world, '1.2.0', { exec: ['*'] }); // while somebody thinks
    const answer = { granted: 'all', to: manifest, by: 'terminal' } as const;
    expect(await codeOf(host.install('acme/hello', { grant: answer }))).toBe('CONSENT_REQUIRED');
    expect(await host.install('acme/hello@1.1.0', { grant: answer })).toMatchObject({ changed: true });
  });

  test('two at once, with different answers: one is installed, and its answer is kept', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { env: ['TOKEN'] });
    const grants = [{ granted: 'all', by: 'flag' } as const, { granted: [], by: 'flag' } as const];
    const hosts = await Promise.all(grants.map(() => world.host()));
    const results = await Promise.all(
      hosts.map((host, at) => host.install('acme/hello', { grant: grants[at] })),
    );
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    const [grant] = await (await world.host()).grants();
    expect(grant?.consents).toHaveLength(1);
    expect(await (await world.host()).verify()).toMatchObject([{ ok: true }]);
  });
});

describe('an update is held', () => {
  const cases: readonly (readonly [string, JsonObject, JsonObject, string])[] = [
    ['that wants more', { env: ['A'] }, { env: ['A'], exec: ['sh'] }, 'starts sh, which can start anything'],
    [
      'that wants to reach another host',
      { 'net.connect': ['a.example:443'] },
      { 'net.connect': ['a.example:443', 'b.example:443'] },
      'b.example',
    ],
    [
      'whose tool says something else to the model',
      texts('sends a mail'),
      texts('sends a mail, with a copy to'),
      'changes the text of the tool send',
    ],
    ['that asks, where none before did', {}, { 'fs.read': ['/'] }, 'every file of this machine'],
  ];
  test.for(cases)('%s', async ([, before, after, words]) => {
    const world = await installed(before);
    await publish(world, '1.2.0', after);
    const host = await world.host();
    const [result] = await host.update();
    expect(result).toMatchObject({
      changed: false,
      version: '1.1.0',
      held: { version: '1.2.0', code: 'CONSENT_REQUIRED' },
    });
    expect(result?.held?.message).toContain(words);
    expect(result?.request?.wider.map(({ text }) => text).join()).toContain(words);
    expect(await versionOf(world)).toBe('1.1.0');
    expect(await host.list()).toMatchObject([{ heldUpdate: { version: '1.2.0', code: 'CONSENT_REQUIRED' } }]);
    expect(await host.status()).toMatchObject({ plugins: [{ heldUpdate: { version: '1.2.0' } }] });
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([
      { changed: true, version: '1.2.0', held: null },
    ]);
    expect(await host.list()).toMatchObject([{ version: '1.2.0', heldUpdate: null }]);
  });

  test('with weaker evidence than the version before', async () => {
    const world = await installedWith({ evidence: ['hello-1.1.0.cdx.json'] });
    await publishWith(world, '1.2.0', { evidence: ['hello-1.2.0.cdx.json'] });
    expect(await (await world.host()).update()).toMatchObject([{ version: '1.2.0' }]);
    await publish(world, '1.3.0', {});
    expect(await (await world.host()).update()).toMatchObject([
      {
        version: '1.2.0',
        held: { version: '1.3.0' },
        request: { weaker: ['comes without a list of its parts (SBOM)'] },
      },
    ]);
  });

  test('what is kept of it is only shown: damaged, it hides nothing, and agrees to nothing', async () => {
    const world = await installed({});
    const host = await world.host();
    await publish(world, '1.2.0', { env: ['A'] });
    await host.update();
    writeFileSync(join(world.folder, 'known', 'acme', 'hello.held.json'), '{');
    expect(await host.list()).toMatchObject([{ version: '1.1.0', heldUpdate: null }]);
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([{ changed: false }]);
    expect(await host.list()).toMatchObject([{ heldUpdate: { version: '1.2.0' } }]);
  });

  test('grantHeld agrees to what was shown, not to what has come since', async () => {
    const world = await installed({});
    const host = await world.host();
    await publish(world, '1.2.0', { env: ['A'] });
    await host.update();
    await publish(world, '1.3.0', { exec: ['*'] });
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([
      { changed: false, held: { version: '1.3.0' } },
    ]);
    expect(await versionOf(world)).toBe('1.1.0');
  });

  test('grantHeld agrees to nothing where nothing was shown', async () => {
    const world = await installed({});
    await publish(world, '1.2.0', { env: ['A'] });
    expect(await (await world.host()).update('acme/hello', { grantHeld: true })).toMatchObject([
      { changed: false, held: { version: '1.2.0' } },
    ]);
  });

  test('one that asks for less goes through, and what it dropped is asked for again when it comes back', async () => {
    const world = await installed({ env: ['A', 'B'] });
    const host = await world.host();
    await publish(world, '1.2.0', { env: ['A'] });
    expect(await host.update()).toMatchObject([{ version: '1.2.0', changed: true }]);
    expect(await host.grants()).toMatchObject([{ permit: { capabilities: { env: ['A'] } } }]);
    await publish(world, '1.3.0', { env: ['A', 'B'] });
    expect(await host.update()).toMatchObject([{ changed: false, held: { version: '1.3.0' } }]);
  });

  test('a part that was withheld stays withheld in what asks for no more', async () => {
    const world = await World.create();
    await publish(world, '1.1.0', { env: ['A'], exec: ['git'] });
    const host = await world.host();
    await host.install('acme/hello', { grant: { granted: ['env'], by: 'flag' } });
    await publish(world, '1.2.0', { env: ['A'], exec: ['git'] });
    expect(await host.update()).toMatchObject([{ version: '1.2.0', changed: true }]);
    expect(await host.grants()).toMatchObject([{ permit: { capabilities: { env: ['A'], exec: [] } } }]);
  });
});

describe('going back', () => {
  test('to a version that wants more than the one in force asks', async () => {
    const world = await installed({ exec: ['git'] });
    await publish(world, '1.2.0', {});
    const host = await world.host();
    await host.update();
    expect(await codeOf(host.rollback('acme/hello'))).toBe('CONSENT_REQUIRED');
    expect(await versionOf(world)).toBe('1.2.0');
    expect(await host.rollback('acme/hello', agreed)).toMatchObject({ version: '1.1.0' });
  });

  test('from changed texts to those that were agreed to before asks nobody', async () => {
    const world = await installed(texts('good'));
    await publish(world, '1.2.0', texts('evil'));
    const host = await world.host();
    await host.update();
    await host.update(undefined, { grantHeld: true });
    expect(await versionOf(world)).toBe('1.2.0');
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.1.0' });
  });
});

describe('what was agreed to', () => {
  test('taken back: it is not started until somebody agrees anew', async () => {
    const world = await installed({ env: ['TOKEN'] });
    const host = await world.host();
    await host.withdraw('acme/hello');
    expect(await codeOf(host.withdraw('acme/hello'))).toBe('NO_CONSENT');
    expect(await codeOf(host.run('acme/hello', []))).toBe('CONSENT_REQUIRED');
    expect(await codeOf(host.install('acme/hello'))).toBe('CONSENT_REQUIRED');
    expect(await host.install('acme/hello', agreed)).toMatchObject({ changed: false });
    expect(await host.grants()).toMatchObject([{ refused: null }]);
  });

  test('goes with the plugin', async () => {
    const world = await installed({ env: ['TOKEN'] });
    const host = await world.host();
    await host.uninstall('acme/hello');
    expect(await codeOf(host.install('acme/hello'))).toBe('CONSENT_REQUIRED');
  });

  const damage: Readonly<Record<string, (text: string) => string>> = {
    torn: (text) => text.slice(0, 40),
    'of another plugin': (text) => text.replace('"plugin": "hello"', '"plugin": "other"'),
    'of another repository': (text) => text.replace(/"rootSha256": ".{4}/, '"rootSha256": "0000'),
    'more granted than was asked for': (text) =>
      text.replace(/"granted": \{\s*"env": \[\s*"TOKEN"/, '"granted": {"env": ["TOKEN", "MORE"'),
    'another demand than its digest': (text) =>
      text.replace(/"asked": \{\s*"env": \[\s*"TOKEN"/, '"asked": {"env": ["TOKEN", "MORE"'),
    'a member that nobody knows': (text) => text.replace('"format"', '"new": 1, "format"'),
  };
  for (const [name, change] of Object.entries(damage))
    test(`damaged (${name}): refused, not guessed`, async () => {
      const world = await installed({ env: ['TOKEN'] });
      const before = readFileSync(grantsFile(world), 'utf8');
      const after = change(before);
      expect(after).not.toBe(before);
      writeFileSync(grantsFile(world), after);
      expect(await codeOf((await world.host()).run('acme/hello', []))).toBe('HOST_STATE');
    });
});

test(
  'kill -9 between consent and pointer: the version before is in force, and its permit is its own',
  { timeout: 60_000 },
  async () => {
    const world = await installed({ env: ['A'] });
    await publish(world, '1.2.0', { env: ['A', 'B'], exec: ['git'] });
    const url = await world.onDisk();
    await trustRepository({ ...world.trustOptions(), url, fetcher: undefined });
    const program = join(import.meta.dirname, 'installer.ts');
    const args = [
      '--conditions=@ragnos/source',
      program,
      world.home,
      world.project,
      world.now.toISOString(),
      'acme/hello',
      'consent',
      'all',
    ];
    expect(spawnSync(process.execPath, args).signal).toBe('SIGKILL');
    const host = await world.host({ fetcher: undefined });
    expect(await host.list()).toMatchObject([{ version: '1.1.0' }]);
    expect(await host.grants()).toMatchObject([{ permit: { capabilities: { env: ['A'], exec: [] } } }]);
    expect(readdirSync(world.plugin()).filter((name) => name.startsWith('.'))).toEqual([]);
    // what somebody said yes to once need not be asked again
    expect(await host.update()).toMatchObject([{ version: '1.2.0', changed: true }]);
    expect(await host.verify()).toMatchObject([{ ok: true }]);
  },
);
