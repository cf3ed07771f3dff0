/** The organisation's policy on a host: what it keeps out, which rule says so, and what becomes of it when it is gone. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseCatalog,
  parseOrganisationPolicy,
  pluginVersion,
  recordFirstSeen,
  serializeCatalog,
  serializeOrganisationPolicy,
  vendorName,
  type Host,
  type OrganisationPolicy,
} from '@ragnos/plugin';
import { targetPath } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { agreed, codeOf, World, type BuildOptions } from './world.ts';

const policyFile = 'policy/organisation.json';
const hour = 3_600_000;

function policy(...rules: readonly object[]): OrganisationPolicy {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  return parseOrganisationPolicy(new TextEncoder().encode(text));
}

function sign(world: World, signed: OrganisationPolicy): void {
  world.simulator.addTarget(policyFile, serializeOrganisationPolicy(signed), 'policy');
  world.simulator.publish('policy');
}

/** As the door does it: when it first had all of a version. */
function see(world: World, version: string, at: Date, gates: readonly string[] = []): void {
  const path = 'catalog/acme~hello.json';
  const entry = world.index().versions.get(pluginVersion(version));
  if (entry === undefined) throw new Error(`no ${version}`);
  const there = world.simulator.role('catalog').targets.has(targetPath(path));
  const before = there ? parseCatalog(world.simulator.content.get(path) ?? new Uint8Array()) : null;
  const seen = [entry.artifact, entry.manifest].map(({ name, sha256 }) => ({
    sha256,
    path: `vendors/acme/hello/${name}`,
    gates,
  }));
  const time = at.toISOString();
  world.simulator.addTarget(
    path,
    serializeCatalog(recordFirstSeen(before, vendorName('acme'), seen, time)),
    'catalog',
  );
  world.simulator.publish('catalog');
}

async function publish(
  world: World,
  version: string,
  ageHours: number,
  options: BuildOptions = {},
): Promise<void> {
  await world.publish(version, options);
  see(world, version, new Date(world.now.getTime() - ageHours * hour));
}

/** 1.0.0, seen long ago, is installed. */
async function installed(): Promise<World> {
  const world = await World.create();
  see(world, '1.0.0', new Date(world.now.getTime() - 1000 * hour));
  await (await world.host()).install('acme/hello');
  return world;
}

const digestOf = (world: World, version: string): string =>
  world.index().versions.get(pluginVersion(version))?.artifact.sha256 ?? '';

describe('a cooldown', () => {
  const cooled = policy({ for: '*', cooldown: { hours: 24 } });

  test('keeps out what a stolen vendor key published an hour ago, and lets it in when the catalog is old enough', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    const host = await world.host({ policy: cooled });
    const [result] = await host.update();
    expect(result).toMatchObject({ changed: false, held: { version: '1.1.0', code: 'COOLDOWN' } });
    expect(result?.held?.message).toContain('rules[0] lets it in 24 hours later');
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('COOLDOWN');
    expect(await host.status()).toMatchObject({
      plugins: [{ newer: null, heldUpdate: { version: '1.1.0' } }],
    });
    world.now = new Date(world.now.getTime() + 23 * hour + 1000);
    expect(await host.update()).toMatchObject([{ changed: true, version: '1.1.0', held: null }]);
  });

  test('does not hide that a version came past the door', async () => {
    const world = await installed();
    world.catalog((catalog) => ({ ...catalog, totals: { files: 2, bytes: 1 } }));
    await world.publish('1.1.0');
    const host = await world.host({ policy: cooled });
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('NEVER_SEEN');
    expect(await codeOf(host.update())).toBe('NEVER_SEEN');
    expect(await host.status()).toMatchObject({ plugins: [{ held: { code: 'NEVER_SEEN' } }] });
  });

  test('counts from the later of artifact and manifest', async () => {
    const world = await installed();
    const { manifest } = await world.publish('1.1.0');
    const path = 'catalog/acme~hello.json';
    const known = parseCatalog(world.simulator.content.get(path) ?? new Uint8Array());
    const own = world.index().versions.get(pluginVersion('1.1.0'))?.manifest.sha256 ?? '';
    const folder = 'vendors/acme/hello/';
    const first = [{ sha256: manifest.artifact.sha256, path: `${folder}${manifest.artifact.name}` }];
    const later = [{ sha256: own, path: `${folder}hello-1.1.0.manifest.json` }];
    const ago = (hours: number): string => new Date(world.now.getTime() - hours * hour).toISOString();
    const once = recordFirstSeen(known, vendorName('acme'), first, ago(100));
    const twice = recordFirstSeen(once, vendorName('acme'), later, ago(2));
    world.simulator.addTarget(path, serializeCatalog(twice), 'catalog');
    world.simulator.publish('catalog');
    expect(await codeOf((await world.host({ policy: cooled })).install('acme/hello@1.1.0'))).toBe('COOLDOWN');
  });

  test('without a first-seen time refuses, and says why', async () => {
    const world = await World.create(); // of a repository whose door writes nothing down
    await expect((await world.host({ policy: cooled })).install('acme/hello')).rejects.toMatchObject({
      code: 'COOLDOWN',
      message: expect.stringContaining('the catalog does not say when that was') as unknown,
    });
  });

  test('takes the newest version that is old enough at a first installation', async () => {
    const world = await World.create();
    see(world, '1.0.0', new Date(world.now.getTime() - 100 * hour));
    await publish(world, '1.1.0', 1);
    expect(await (await world.host({ policy: cooled })).install('acme/hello')).toMatchObject({
      version: '1.0.0',
      held: { version: '1.1.0', code: 'COOLDOWN' },
    });
  });

  test('is skipped by the successor of a revoked version only where the rule says so', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    world.revoke(digestOf(world, '1.0.0'));
    const strict = await world.host({ policy: cooled });
    expect(await codeOf(strict.update())).toBe('COOLDOWN');
    const rule = { for: '*', cooldown: { hours: 24, unlessReplacingRevoked: true } };
    const host = await world.host({ policy: policy(rule) });
    expect(await host.update()).toMatchObject([{ changed: true, version: '1.1.0' }]);
  });

  test('holds for going back too', async () => {
    const world = await World.create();
    see(world, '1.0.0', new Date(world.now.getTime() - hour));
    const host = await world.host();
    await host.install('acme/hello');
    await publish(world, '1.1.0', 1);
    await host.update();
    expect(await codeOf((await world.host({ policy: cooled })).rollback('acme/hello'))).toBe('COOLDOWN');
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.0.0' });
  });
});

describe('a rollout', () => {
  const staged = (percent: number, channel?: string): OrganisationPolicy =>
    policy({ for: 'acme/hello', rollout: channel === undefined ? { percent } : { percent, channel } });

  test('to nobody holds, to all lets through; what is installed stays', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    const none = await world.host({ policy: staged(0) });
    expect(await none.update()).toMatchObject([
      { changed: false, held: { code: 'ROLLOUT', version: '1.1.0' } },
    ]);
    expect(await codeOf(none.install('acme/hello@1.1.0'))).toBe('ROLLOUT');
    expect(await none.install('acme/hello@1.0.0')).toMatchObject({ changed: false });
    expect(await (await world.host({ policy: staged(100) })).update()).toMatchObject([{ version: '1.1.0' }]);
  });

  test('only of a channel leaves other versions alone', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    await publish(world, '1.2.0', 1);
    expect(await (await world.host({ policy: staged(0, 'latest') })).update()).toMatchObject([
      { version: '1.1.0', held: { version: '1.2.0', code: 'ROLLOUT' } },
    ]);
  });

  test('of a channel that there is not, or to a version beyond it, lets nothing new through', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    const mistyped = await world.host({ policy: staged(50, 'stabel') });
    expect(await mistyped.update()).toMatchObject([
      { changed: false, held: { code: 'ROLLOUT', message: expect.stringContaining('stabel') as unknown } },
    ]);
    expect(await codeOf(mistyped.install('acme/hello@1.1.0'))).toBe('ROLLOUT');
    await publish(world, '1.2.0', 1);
    world.putIndex({ ...world.index(), channels: new Map([['latest', pluginVersion('1.1.0')]]) });
    const beyond = await world.host({ policy: staged(99, 'latest') });
    expect(await codeOf(beyond.install('acme/hello@1.2.0'))).toBe('ROLLOUT');
  });

  test('a host keeps its place: its id is made once, and is nobody else’s to read', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    const place = async (): Promise<string | undefined> =>
      /at (\d+) %$/.exec(
        (await (await world.host({ policy: staged(0) })).update())[0]?.held?.message ?? '',
      )?.[1];
    const first = Number(await place());
    const path = join(world.home, 'home-v1', 'host-id');
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(Number(await place())).toBe(first);
    expect(await (await world.host({ policy: staged(first - 1) })).update()).toMatchObject([
      { changed: false },
    ]);
    expect(await (await world.host({ policy: staged(first) })).update()).toMatchObject([{ changed: true }]);
    writeFileSync(path, 'short');
    expect(await codeOf((await world.host({ policy: staged(50) })).update())).toBe('HOST_STATE');
  });
});

describe('what is installed and would not be started is said by whoever is asked about it', () => {
  const cases: Readonly<
    Record<string, readonly [Parameters<World['host']>[0], (world: World) => void, string | null]>
  > = {
    'nothing speaks against it': [{}, () => undefined, null],
    'the host refuses it': [{ policy: policy({ for: '*', refuse: true }) }, () => undefined, 'NOT_ALLOWED'],
    'the repository refuses it': [
      {},
      (world) => sign(world, policy({ for: '*', refuse: true })),
      'NOT_ALLOWED',
    ],
    'another version is pinned': [
      { policy: policy({ for: '*', versions: '2' }) },
      () => undefined,
      'NOT_PINNED',
    ],
    'it was revoked': [{}, (world) => world.revoke(digestOf(world, '1.0.0')), 'REVOKED'],
  };
  test.each(Object.entries(cases))('%s', async (_name, [options, change, code]) => {
    const world = await installed();
    change(world);
    const host = await world.host(options);
    const refused = code === null ? null : { code };
    expect((await host.status()).plugins).toMatchObject([{ version: '1.0.0', refused }]);
    expect(await host.verify()).toMatchObject([{ ok: true, refused }]);
    expect(await codeOf(host.run('acme/hello', [], { mode: 'process' }))).toBe(code ?? 'no error');
  });

  test('nobody agrees any more; nothing vouches for it', async () => {
    const world = await World.create();
    const asks: BuildOptions['change'] = (manifest) => ({ ...manifest, capabilities: { env: ['TOKEN'] } });
    await world.publish('1.1.0', { change: asks });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    await host.withdraw('acme/hello');
    expect(await host.verify()).toMatchObject([{ ok: true, refused: { code: 'CONSENT_REQUIRED' } }]);
    rmSync(world.plugin('evidence'), { recursive: true });
    expect((await host.status()).plugins).toMatchObject([{ refused: { code: 'EVIDENCE_INVALID' } }]);
    expect(await host.verify()).toMatchObject([{ ok: false, chain: { code: 'EVIDENCE_INVALID' } }]);
  });
});

describe('a hint names a command that helps', () => {
  test('where a version above the pin is installed; below it, nothing is held', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    await (await world.host()).update();
    const host = await world.host({ policy: policy({ for: '*', versions: '1.0.0' }) });
    const helps = {
      code: 'NOT_PINNED',
      hint: expect.stringContaining('ragv install acme/hello@1.0.0') as unknown,
    };
    await expect(host.run('acme/hello', [])).rejects.toMatchObject(helps);
    await expect(host.update()).rejects.toMatchObject(helps);
    expect((await host.status()).plugins).toMatchObject([{ version: '1.1.0', refused: helps }]);
    expect(await host.install('acme/hello@1.0.0')).toMatchObject({ changed: true });
    expect(await host.update()).toMatchObject([{ changed: false, version: '1.0.0', held: null }]);
    expect((await host.status()).plugins).toMatchObject([{ newer: null, heldUpdate: null, refused: null }]);
  });

  test('where the newest version was revoked', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    await publish(world, '1.2.0', 1);
    const host = await world.host();
    await host.update();
    world.revoke(digestOf(world, '1.2.0'));
    const helps = { code: 'REVOKED', hint: 'ragv install acme/hello@1.1.0' };
    await expect(host.update()).rejects.toMatchObject(helps);
    expect((await host.status()).plugins).toMatchObject([{ version: '1.2.0', refused: helps }]);
    await expect(host.run('acme/hello', [])).rejects.toMatchObject(helps);
    expect(await host.install('acme/hello@1.1.0')).toMatchObject({ changed: true });
    world.revoke(...['1.0.0', '1.1.0', '1.2.0'].map((version) => digestOf(world, version)));
    await expect(host.install('acme/hello')).rejects.toMatchObject({
      hint: 'another version: ragv info acme/hello',
    });
  });
});

describe('other rules', () => {
  const cases: readonly (readonly [string, object, string, string])[] = [
    [
      'kill-switch of a vendor',
      { for: 'acme/*', refuse: true, reason: 'key stolen' },
      'NOT_ALLOWED',
      'rules[0]: key stolen',
    ],
    ['pinned to other versions', { for: 'acme/hello', versions: '^2' }, 'NOT_PINNED', 'not within ^2'],
    ['versions that are no range', { for: 'acme/hello', versions: 'next tuesday' }, 'NOT_PINNED', 'rules[0]'],
    ['evidence that nobody checked', { for: '*', requires: ['sbom'] }, 'EVIDENCE_DEMANDED', 'demands sbom'],
  ];
  test.for(cases)('%s', async ([, rule, code, words]) => {
    const world = await World.create();
    const host = await world.host({ policy: policy({ for: 'other/*' }, rule) });
    await expect(host.install('acme/hello')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words.replace('rules[0]', 'rules[1]')) as unknown,
    });
    expect(await host.list()).toEqual([]);
  });

  test('a vendor that is not among those allowed', async () => {
    const world = await World.create();
    const only = { vendors: [vendorName('ragnos')], rules: [] };
    await expect((await world.host({ policy: only })).install('acme/hello')).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('only plugins of ragnos are allowed') as unknown,
    });
  });

  test('evidence that the door says it checked is taken', async () => {
    const world = await World.create();
    see(world, '1.0.0', world.now, ['sbom']);
    const host = await world.host({ policy: policy({ for: '*', requires: ['sbom'] }) });
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
  });

  test('an update without a check that the version before had passed is held', async () => {
    const world = await World.create();
    see(world, '1.0.0', world.now, ['sbom']);
    const host = await world.host();
    await host.install('acme/hello');
    await publish(world, '1.1.0', 1);
    expect(await host.update()).toMatchObject([{ request: { weaker: ['has not passed the check sbom'] } }]);
  });

  test('what may be used at most narrows what was agreed to, and names the rule', async () => {
    const world = await World.create();
    await world.publish('1.1.0', {
      change: (manifest) => ({ ...manifest, capabilities: { 'net.connect': ['*:443'], env: ['TOKEN'] } }),
    });
    const rule = { for: '*', capabilities: { 'net.connect': ['api.acme.example:443'] }, mode: 'sandbox' };
    const host = await world.host({ policy: policy(rule) });
    await host.install('acme/hello', { grant: { granted: 'all', by: 'flag' } });
    expect(await host.grants()).toMatchObject([
      {
        permit: {
          capabilities: { connect: [{ host: 'api.acme.example', port: 443 }], env: ['TOKEN'] },
          leastMode: 'sandbox',
          withheld: [{ what: { capability: 'net.connect' }, by: 'the host’s policy rules[0]' }],
        },
      },
    ]);
  });

  test('agreeing in advance: to all that it names, else somebody is asked; by a repository never', async () => {
    const world = await World.create();
    const ask = (capabilities: object): BuildOptions => ({
      change: (manifest) => ({ ...manifest, capabilities: { ...capabilities } }),
    });
    await world.publish('1.1.0', ask({ env: ['A'], 'net.connect': ['a.example:443'] }));
    const some = policy({ for: 'acme/*', grant: { env: ['A'] } });
    const enough = policy({ for: 'acme/*', grant: { env: ['A', 'B'], 'net.connect': ['*:443'] } });
    expect(await codeOf((await world.host({ policy: some })).install('acme/hello'))).toBe('CONSENT_REQUIRED');
    sign(world, policy({ for: '*', grant: 'all' }));
    expect(await codeOf((await world.host()).install('acme/hello'))).toBe('CONSENT_REQUIRED');
    const host = await world.host({ policy: enough });
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(await host.grants()).toMatchObject([
      { permit: { consent: { by: 'policy', who: 'the host’s policy rules[0]' } } },
    ]);
    await world.publish('1.2.0', ask({ env: ['A', 'C'] }));
    expect(await host.update()).toMatchObject([{ changed: false, held: { version: '1.2.0' } }]);
  });

  test('explained: every rule about it, and which keeps which version out', async () => {
    const world = await installed();
    await publish(world, '1.1.0', 1);
    const rules = policy(
      { for: '*', cooldown: { hours: 24 } },
      { for: 'acme/hello', versions: '1.0.x' },
      { for: 'other/*', refuse: true },
    );
    sign(world, policy({ for: '*', mode: 'process', onRevoked: 'stop' }));
    const explained = await (await world.host({ policy: rules })).explainPolicy('acme/hello');
    expect(explained).toMatchObject({
      installed: '1.0.0',
      leastMode: { mode: 'process', place: 'policy/organisation.json of main rules[0]' },
      onRevoked: 'stop',
      rules: [
        { place: 'the host’s policy rules[0]', says: '*: waits 24 hours after the catalog first saw it' },
        { place: 'the host’s policy rules[1]' },
        { place: 'policy/organisation.json of main rules[0]' },
      ],
      versions: [
        {
          version: '1.1.0',
          refusedBy: [{ code: 'COOLDOWN' }, { code: 'NOT_PINNED', place: 'the host’s policy rules[1]' }],
        },
        { version: '1.0.0', refusedBy: [] },
      ],
    });
  });
});

describe('the policy of the repository', () => {
  test('holds from the next refresh on, also for what is installed', async () => {
    const world = await installed();
    const host = await world.host();
    sign(world, policy({ for: 'acme/*', refuse: true, reason: 'incident 7' }));
    expect(await host.run('acme/hello', [])).toMatchObject({ exitCode: 0 }); // nobody has heard of it yet
    await host.status();
    await expect(host.run('acme/hello', [])).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('policy/organisation.json of main rules[0]: incident 7') as unknown,
    });
    expect(await codeOf((await world.host({ offline: true })).run('acme/hello', []))).toBe('NOT_ALLOWED');
    sign(world, policy());
    await host.status();
    expect(await host.run('acme/hello', [])).toMatchObject({ exitCode: 0 });
  });

  test('once seen, its absence is refused', async () => {
    const world = await installed();
    sign(world, policy({ for: '*', versions: '1.0.x' }));
    const host = await world.host();
    await host.status();
    world.simulator.role('policy').targets.delete(targetPath(policyFile));
    world.simulator.publish('policy');
    await publish(world, '1.1.0', 1);
    expect(await codeOf(host.update())).toBe('POLICY_LOST');
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('POLICY_LOST');
    expect(await host.status()).toMatchObject({ stale: { code: 'POLICY_LOST' } });
  });

  test('an older one, served again by whoever holds the store, is refused', async () => {
    const world = await installed();
    sign(world, policy());
    const host = await world.host();
    await host.status();
    const before = world.simulator.files().get('metadata/timestamp.json') ?? null;
    expect(before).not.toBeNull();
    sign(world, policy({ for: '*', refuse: true }));
    await host.status();
    world.simulator.overrides.set('metadata/timestamp.json', before);
    expect(await codeOf(host.update())).toBe('BAD_VERSION');
    expect(await host.status()).toMatchObject({ stale: { code: 'BAD_VERSION' } });
    expect(await codeOf(host.run('acme/hello', []))).toBe('NOT_ALLOWED');
  });

  test('one that this version cannot read refuses everything', async () => {
    const world = await installed();
    const bytes = new TextEncoder().encode(
      '{"format":"ragnos-organisation-policy/1","rules":[{"for":"*","forbid":true}]}',
    );
    world.simulator.addTarget(policyFile, bytes, 'policy');
    world.simulator.publish('policy');
    expect(await codeOf((await world.host()).install('acme/hello@1.0.0'))).toBe('BAD_FORMAT');
  });

  test('damaged on this host: refused offline, read anew with a connection', async () => {
    const world = await installed();
    sign(world, policy());
    const host: Host = await world.host();
    await host.status();
    writeFileSync(join(world.folder, 'known', 'organisation.json'), '{');
    expect(await codeOf(host.run('acme/hello', []))).toBe('HOST_STATE');
    await host.status();
    expect(await host.run('acme/hello', [])).toMatchObject({ exitCode: 0 });
  });
});

describe('the file of the host', () => {
  test('is read anew by every host, and refused if it is absent or wrong', async () => {
    const world = await World.create();
    const path = join(world.project, 'policy.json');
    expect(await codeOf(world.host({ policy: path }))).toBe('NO_POLICY_FILE');
    writeFileSync(path, '{"format":"ragnos-organisation-policy/1","rule":[]}');
    expect(await codeOf(world.host({ policy: path }))).toBe('BAD_POLICY');
    writeFileSync(
      path,
      '{"format":"ragnos-organisation-policy/1","rules":[{"for":"acme/hello","refuse":true}]}',
    );
    await expect((await world.host({ policy: path })).install('acme/hello')).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining(`${path} rules[0]`) as unknown,
    });
    expect(readFileSync(path, 'utf8')).toContain('refuse');
  });
});

describe('a health check that starts it', () => {
  const broken = {
    'package.json': '{"name":"hello","version":"1.1.0","type":"module"}',
    'bin.js': 'x',
    'main.js': 'throw new Error("no luck");',
  };
  const entry: BuildOptions['change'] = (manifest) => ({
    ...manifest,
    entry: { ...manifest.entry, main: manifest.files.find(({ path }) => path === 'main.js')?.path ?? null },
  });

  test('goes back by itself, by rule or by flag, and says what happened', async () => {
    const world = await installed();
    await world.publish('1.1.0', { files: broken, change: entry });
    see(world, '1.1.0', world.now);
    const rule = policy({ for: '*', healthCheck: 'start' });
    const attempts = [
      async () => (await world.host()).update(undefined, { startFirst: true }),
      async () => (await world.host({ policy: rule })).install('acme/hello'),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'HEALTH_CHECK',
        message: expect.stringContaining('no luck') as unknown,
        hint: '1.0.0 is in force again',
      });
      expect(await (await world.host()).list()).toMatchObject([{ version: '1.0.0' }]);
    }
    expect(existsSync(join(world.plugin(), 'before'))).toBe(false);
  });

  test('what did not live is not tried again by itself, until something newer comes or somebody asks', async () => {
    const world = await installed();
    await world.publish('1.1.0', { files: broken, change: entry });
    see(world, '1.1.0', world.now);
    let starts = 0;
    const startCheck = async (): Promise<void> => {
      starts++;
      return Promise.reject(new Error('no luck'));
    };
    const host = await world.host({ startCheck });
    const checked = { startFirst: true };
    expect(await codeOf(host.update(undefined, checked))).toBe('HEALTH_CHECK');
    const held = { version: '1.1.0', code: 'HEALTH_CHECK' };
    expect(await host.update(undefined, checked)).toMatchObject([{ changed: false, version: '1.0.0', held }]);
    expect(await host.status()).toMatchObject({ plugins: [{ version: '1.0.0', heldUpdate: held }] });
    expect(starts).toBe(1);
    expect(await codeOf(host.install('acme/hello', checked))).toBe('HEALTH_CHECK');
    expect(starts).toBe(2);
    await publish(world, '1.2.0', 1);
    expect(await (await world.host()).update()).toMatchObject([{ version: '1.2.0', held: null }]);
  });

  test('by the host’s own hook', async () => {
    const world = await World.create();
    await world.publish('1.1.0', { files: broken, change: entry });
    const host = await world.host({ startCheck: async () => Promise.reject(new Error('not here')) });
    await expect(host.install('acme/hello', { startFirst: true })).rejects.toMatchObject({
      code: 'HEALTH_CHECK',
      message: expect.stringContaining('not here') as unknown,
      hint: 'nothing was installed',
    });
    expect(await host.list()).toEqual([]);
  });
});
