import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultHostLimits, pluginVersion } from '@ragnos/plugin';
import type { Finding, HostOptions } from '@ragnos/plugin';
import { faultyFetcher } from '@ragnos/testkit';
import { parseJson, Reader } from '@ragnos/tuf';
import type { FaultKind } from '@ragnos/testkit';
import type { BuildOptions } from './world.ts';
import { build, bytesOf, codeOf, helloFiles, sha256, tempFolder, World } from './world.ts';

/** A host with 1.0.0 installed, something done to the repository, and an update that must change nothing. */
async function refused(prepare: (world: World) => unknown, options: Partial<HostOptions> = {}) {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  const before = world.installed();
  await prepare(world);
  const host = await world.host(options);
  const code = await codeOf(host.update());
  expect(world.installed()).toEqual(before);
  expect(world.events.at(-1)).toMatchObject({ type: 'refusal', code, repository: 'main' });
  expect(await host.verify()).toMatchObject([{ ok: true, version: '1.0.0' }]);
  return code;
}

describe('what the repository serves', () => {
  const path = (world: World, match: RegExp): string =>
    [...world.simulator.files().keys()].find((name) => match.test(name)) ?? '';
  const tamper = (match: RegExp, spoil: (bytes: Uint8Array) => Uint8Array) => async (world: World) => {
    await world.publish('1.1.0');
    const name = path(world, match);
    world.simulator.overrides.set(name, spoil(world.simulator.files().get(name) ?? new Uint8Array()));
  };
  const flip = (bytes: Uint8Array): Uint8Array =>
    bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte));
  const longer = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, new Uint8Array(1)]);
  const shorter = (bytes: Uint8Array): Uint8Array => bytes.subarray(1);
  const cases: Record<string, [(world: World) => Promise<void>, string]> = {
    'tampered artifact': [tamper(/hello-1\.1\.0\.tgz$/, flip), 'LENGTH_OR_HASH_MISMATCH'],
    'artifact too long': [tamper(/hello-1\.1\.0\.tgz$/, longer), 'DOWNLOAD_LENGTH'],
    'artifact too short': [tamper(/hello-1\.1\.0\.tgz$/, shorter), 'LENGTH_OR_HASH_MISMATCH'],
    'tampered manifest': [tamper(/1\.1\.0\.manifest\.json$/, flip), 'LENGTH_OR_HASH_MISMATCH'],
    'tampered index': [tamper(/hello\/[0-9a-f]+\.index\.json$/, flip), 'LENGTH_OR_HASH_MISMATCH'],
  };
  for (const [name, [prepare, code]] of Object.entries(cases))
    test(`${name} is refused`, async () => expect(await refused(prepare)).toBe(code));

  const faults: Record<string, [FaultKind, string]> = {
    'endless data': [{ kind: 'endless' }, 'DOWNLOAD_LENGTH'],
    'a stall': [{ kind: 'stall' }, 'STALLED'],
    'a page with status 200': [{ kind: 'page' }, 'LENGTH_OR_HASH_MISMATCH'],
    'an artifact that is gone': [{ kind: 'status', status: 404 }, 'NOT_FOUND_REMOTE'],
  };
  for (const [name, [fault, code]] of Object.entries(faults))
    test(`${name} is refused`, async () => {
      const world = await World.create();
      await (await world.host()).install('acme/hello');
      const before = world.installed();
      await world.publish('1.1.0');
      const fetcher = faultyFetcher(world.simulator, [{ ...fault, match: '1.1.0.tgz' }]);
      expect(await codeOf((await world.host({ fetcher })).update())).toBe(code);
      expect(world.installed()).toEqual(before);
    });
});

describe('what was signed', () => {
  const publish = (options: BuildOptions) => (world: World) => world.publish('1.1.0', options);
  const files = helloFiles('1.1.0');
  const mismatches: Record<string, [(world: World) => unknown, string]> = {
    'an archive with a file more': [publish({ packed: { ...files, 'more.js': '' } }), 'ARCHIVE_MISMATCH'],
    'an archive with a file less': [
      publish({ files: { ...files, 'more.js': '' }, packed: files }),
      'ARCHIVE_MISMATCH',
    ],
    'a file with other content': [
      publish({ packed: { ...files, 'lib/index.js': `${files['lib/index.js'] as string} ` } }),
      'ARCHIVE_MISMATCH',
    ],
    'a file with other content of the same length': [
      publish({ packed: { ...files, 'lib/deep/er/data.txt': 'y'.repeat(5000) } }),
      'ARCHIVE_MISMATCH',
    ],
    'a manifest of another version': [
      publish({ change: (m) => ({ ...m, version: pluginVersion('9.9.9') }) }),
      'IDENTITY_MISMATCH',
    ],
    'a manifest for another artifact': [
      publish({ change: (m) => ({ ...m, artifact: { ...m.artifact, sha256: sha256('x') } }) }),
      'IDENTITY_MISMATCH',
    ],
    'a manifest that is none': [
      async (world) => {
        const built = await build('1.1.0');
        world.publishBuilt({ ...built, manifestBytes: bytesOf('{"format":"ragnos-plugin-manifest/1"}') });
      },
      'BAD_FORMAT',
    ],
    'another platform': [publish({ change: (m) => ({ ...m, target: 'plan9-mips' }) }), 'PLATFORM'],
    'another Node': [publish({ engines: new Map([['node', '>=99']]) }), 'ENGINES'],
    'a yanked version alone': [
      async (world) => {
        await world.publish('1.1.0');
        world.putIndex({ ...world.index(), channels: new Map([['latest', pluginVersion('1.1.0')]]) });
        const entry = world.index().versions.get(pluginVersion('1.1.0'));
        if (entry === undefined) return;
        const yanked = { reason: 'broken', at: '2026-01-01T00:00:00Z' };
        world.putIndex({
          ...world.index(),
          versions: new Map(world.index().versions).set(pluginVersion('1.1.0'), { ...entry, yanked }),
        });
      },
      'YANKED',
    ],
    'a revoked version': [
      async (world) => world.revoke((await world.publish('1.1.0')).manifest.artifact.sha256),
      'REVOKED',
    ],
    'an index that lost a version': [
      (world) => {
        world.putIndex({ ...world.index(), versions: new Map(), channels: new Map() });
      },
      'INDEX_ROLLBACK',
    ],
    'an index that is gone': [
      (world) => {
        world.simulator.role('vendor.acme').targets.clear();
        world.simulator.publish('vendor.acme');
      },
      'INDEX_ROLLBACK',
    ],
    'a known version with other bytes': [
      async (world) => {
        world.indexes.clear();
        await world.publish('1.0.0', { files: { ...helloFiles('1.0.0'), 'evil.js': 'boo' } });
      },
      'PATH_REDEFINED',
    ],
    'an index and metadata that differ': [
      async (world) => {
        await world.publish('1.1.0');
        world.simulator.addTarget('vendors/acme/hello/hello-1.1.0.tgz', 'other', 'vendor.acme');
        world.simulator.publish('vendor.acme');
      },
      'IDENTITY_MISMATCH',
    ],
    'an index of another plugin': [
      async (world) => {
        await world.publish('1.0.0', { plugin: 'other' });
        const bytes = world.simulator.content.get('vendors/acme/other/index.json') ?? new Uint8Array();
        world.simulator.addTarget('vendors/acme/hello/index.json', bytes, 'vendor.acme');
        world.simulator.publish('vendor.acme');
      },
      'IDENTITY_MISMATCH',
    ],
  };
  for (const [name, [prepare, code]] of Object.entries(mismatches))
    test(`${name} is refused`, async () => expect(await refused(prepare)).toBe(code));

  test('limits: files, bytes, the artifact itself', async () => {
    const publish = (world: World) => world.publish('1.1.0');
    for (const limit of [{ maxFiles: 4 }, { unpackedMaxLength: 100 }, { artifactMaxLength: 100 }])
      expect(await refused(publish, { limits: { ...defaultHostLimits, ...limit } })).toBe('LIMIT');
  });

  test('revocations that this host has seen are not forgotten', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    world.revoke(sha256('a'), sha256('b'));
    await host.status();
    world.revoke(sha256('a'));
    expect(await codeOf(host.update())).toBe('REVOCATIONS_LOST');
    world.simulator.role('policy').targets.clear();
    world.simulator.publish('policy');
    expect(await codeOf(host.update())).toBe('REVOCATIONS_LOST');
    expect((await host.status()).stale).toMatchObject({ code: 'REVOCATIONS_LOST' });
  });

  test('a running host learns of a yank and of a revocation, and does not start or go back to what was revoked', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    await world.publish('1.1.0');
    await host.update();
    world.yank('1.0.0');
    expect(await host.status()).toMatchObject({ plugins: [{ yanked: null }] });
    expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(await codeOf(host.rollback('acme/hello'))).toBe('YANKED');
    const artifact = world.index().versions.get(pluginVersion('1.1.0'))?.artifact.sha256 ?? '';
    world.yank('1.1.0');
    world.revoke(artifact);
    expect(await host.status()).toMatchObject({
      plugins: [{ yanked: { reason: 'broken' }, revoked: 'malware' }],
    });
    expect(await codeOf(host.run('acme/hello', [], { stdio: 'pipe' }))).toBe('REVOKED');
  });
});

describe('a file changed after installation', () => {
  const changes: Record<string, [(folder: string) => void, Finding]> = {
    changed: [
      (f) => (
        chmodSync(join(f, 'bin.js'), 0o755),
        writeFileSync(join(f, 'bin.js'), 'evil'),
        chmodSync(join(f, 'bin.js'), 0o555)
      ),
      { kind: 'changed', path: 'bin.js' },
    ],
    'changed in one bit': [
      (f) => {
        const file = join(f, 'lib/deep/er/data.txt');
        const bytes = readFileSync(file);
        bytes[4999] = 0x79;
        chmodSync(file, 0o644);
        writeFileSync(file, bytes);
        chmodSync(file, 0o444);
      },
      { kind: 'changed', path: 'lib/deep/er/data.txt' },
    ],
    'longer by one byte': [
      (f) => (
        chmodSync(join(f, 'empty.txt'), 0o644),
        writeFileSync(join(f, 'empty.txt'), '\n'),
        chmodSync(join(f, 'empty.txt'), 0o444)
      ),
      { kind: 'changed', path: 'empty.txt' },
    ],
    missing: [(f) => unlinkSync(join(f, 'lib/index.js')), { kind: 'missing', path: 'lib/index.js' }],
    added: [(f) => writeFileSync(join(f, 'lib/evil.js'), ''), { kind: 'added', path: 'lib/evil.js' }],
    'a folder added': [(f) => mkdirSync(join(f, 'node_modules')), { kind: 'added', path: 'node_modules' }],
    mode: [(f) => chmodSync(join(f, 'bin.js'), 0o644), { kind: 'mode', path: 'bin.js' }],
    setuid: [(f) => chmodSync(join(f, 'bin.js'), 0o4555), { kind: 'mode', path: 'bin.js' }],
    link: [
      (f) => (unlinkSync(join(f, 'bin.js')), symlinkSync('/bin/sh', join(f, 'bin.js'))),
      { kind: 'link', path: 'bin.js' },
    ],
    'a folder that is a link': [
      (f) => (rmSync(join(f, 'lib/deep'), { recursive: true }), symlinkSync('/etc', join(f, 'lib/deep'))),
      { kind: 'link', path: 'lib/deep' },
    ],
    'a folder for a file': [
      (f) => (unlinkSync(join(f, 'bin.js')), mkdirSync(join(f, 'bin.js'))),
      { kind: 'kind', path: 'bin.js' },
    ],
    'a file for a folder': [
      (f) => (rmSync(join(f, 'lib'), { recursive: true }), writeFileSync(join(f, 'lib'), '')),
      { kind: 'kind', path: 'lib' },
    ],
    'all of it': [(f) => rmSync(f, { recursive: true }), { kind: 'missing', path: 'bin.js' }],
  };
  for (const [name, [change, finding]] of Object.entries(changes))
    test(`${name} is refused`, async () => {
      const world = await World.create();
      const host = await world.host();
      await host.install('acme/hello');
      const folder = (await host.list())[0]?.folder ?? '';
      const whole = world.installed();
      change(folder);
      const [result] = await host.verify('acme/hello');
      expect(result).toMatchObject({ ok: false, repaired: false });
      expect(result?.findings).toContainEqual(finding);
      expect(await codeOf(host.run('acme/hello', [], { stdio: 'pipe' }))).toBe('TREE_CHANGED');
      expect(world.events.at(-1)).toMatchObject({ code: 'TREE_CHANGED' });
      expect(world.events.at(-1)?.hint).toContain('--repair');
      expect(await host.verify('acme/hello', { repair: true })).toMatchObject([{ ok: true, repaired: true }]);
      expect(world.installed()).toEqual(whole);
      expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
    });

  test('the folder itself a link: not even repaired', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    const folder = (await host.list())[0]?.folder ?? '';
    rmSync(folder, { recursive: true });
    symlinkSync('/etc', folder);
    expect(await host.verify()).toMatchObject([{ ok: false, findings: [{ kind: 'link', path: '.' }] }]);
    expect(await codeOf(host.run('acme/hello', [], { stdio: 'pipe' }))).toBe('TREE_CHANGED');
    expect(await codeOf(host.verify('acme/hello', { repair: true }))).toBe('PATH_OBSTRUCTED');
  });

  test('a repair needs the signed archive', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    const folder = (await host.list())[0]?.folder ?? '';
    rmSync(folder, { recursive: true });
    const [archive = ''] = readdirSync(join(world.folder, 'content'));
    writeFileSync(join(world.folder, 'content', archive), 'evil');
    expect(await codeOf(host.verify('acme/hello', { repair: true }))).toBe('TREE_CHANGED');
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(await host.verify()).toMatchObject([{ ok: true }]);
  });

  test('run repairs only when it is told to', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    const folder = (await host.list())[0]?.folder ?? '';
    unlinkSync(join(folder, 'empty.txt'));
    expect(await host.run('acme/hello', [], { stdio: 'pipe', repair: true })).toMatchObject({ exitCode: 0 });
    expect(world.events.map(({ code }) => code)).toEqual([
      'TRUSTED',
      'INSTALLED',
      'TREE_CHANGED',
      'REPAIRED',
    ]);
  });

  test('the evidence is asked again, from the root that trust started from', async () => {
    const spoil: Record<string, (folder: string) => void> = {
      'a manifest that allows other files': (f) => {
        const file = join(f, 'manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('says hello', 'says hallo'));
      },
      'a vendor role without its signature': (f) => {
        const name = readdirSync(f).find((file) => file.endsWith('vendor.acme.json')) ?? '';
        writeFileSync(join(f, name), readFileSync(join(f, name), 'utf8').replace(/"sig":"../, '"sig":"00'));
      },
      'no timestamp': (f) => rmSync(join(f, 'timestamp.json')),
      'another path': (f) => {
        const file = join(f, 'record.json');
        writeFileSync(
          file,
          readFileSync(file, 'utf8').replace('hello-1.0.0.manifest', 'other-1.0.0.manifest'),
        );
      },
      'another way there': (f) => {
        const file = join(f, 'record.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"vendor.acme"', '"catalog"'));
      },
    };
    for (const [name, change] of Object.entries(spoil)) {
      const world = await World.create();
      const host = await world.host();
      await host.install('acme/hello');
      const [folder = ''] = readdirSync(world.plugin('evidence'));
      change(world.plugin('evidence', folder));
      const ran = await codeOf(host.run('acme/hello', [], { stdio: 'pipe' }));
      expect(`${name}: ${String(ran)}`).toBe(`${name}: EVIDENCE_INVALID`);
      expect(await host.verify()).toMatchObject([{ ok: false, chain: { code: 'EVIDENCE_INVALID' } }]);
    }
  });

  test('a pointer that calls its manifest by another digest is believed no more than the manifest', async () => {
    const world = await World.create();
    const { manifestBytes } = await world.publish('1.1.0');
    const host = await world.host();
    await host.install('acme/hello');
    world.revoke(sha256(manifestBytes));
    await host.status();
    expect(await codeOf(host.run('acme/hello', []))).toBe('REVOKED');
    const pointer = readFileSync(world.plugin('current'), 'utf8');
    writeFileSync(world.plugin('current'), pointer.replaceAll(sha256(manifestBytes), sha256('another')));
    expect(await codeOf(host.run('acme/hello', []))).toBe('EVIDENCE_INVALID');
  });

  test('evidence lasts through rotations of root', async () => {
    const world = await World.create();
    const host = await world.host();
    for (let root = 2; root <= 4; root++) {
      world.simulator.rotate('timestamp');
      world.simulator.rotate('root');
      world.simulator.publishRoot();
      world.simulator.publishTimestamp();
    }
    await host.install('acme/hello');
    expect(await host.verify()).toMatchObject([{ ok: true }]);
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
  });
});

describe('links where we write', () => {
  const spots: Record<string, (world: World, elsewhere: string) => string> = {
    'plugins folder': (world) => join(world.folder, 'plugins'),
    'vendor folder': (world) => (
      mkdirSync(join(world.folder, 'plugins')),
      join(world.folder, 'plugins/acme')
    ),
    'plugin folder': (world) => (
      mkdirSync(join(world.folder, 'plugins/acme'), { recursive: true }),
      world.plugin()
    ),
    'content store': (world) => join(world.folder, 'content'),
    'known folder': (world) => join(world.folder, 'known'),
    journal: (world) => join(world.folder, 'journal'),
    lock: (world) => (rmSync(join(world.folder, 'lock'), { force: true }), join(world.folder, 'lock')),
    pointer: (world) => (mkdirSync(world.plugin(), { recursive: true }), world.plugin('current')),
    versions: (world) => (mkdirSync(world.plugin(), { recursive: true }), world.plugin('versions')),
    evidence: (world) => (mkdirSync(world.plugin(), { recursive: true }), world.plugin('evidence')),
  };
  for (const [name, spot] of Object.entries(spots))
    test(`${name} is refused`, async () => {
      const world = await World.create();
      const elsewhere = tempFolder();
      const target =
        name === 'pointer' || name === 'journal' || name === 'lock' ? join(elsewhere, 'file') : elsewhere;
      symlinkSync(target, spot(world, elsewhere));
      expect(['PATH_OBSTRUCTED', 'DISK_LINK', 'DISK_READ']).toContain(
        await codeOf(world.host().then((host) => host.install('acme/hello'))),
      );
      expect(readdirSync(elsewhere)).toEqual([]);
    });
});

test('run gives the plugin nearly nothing of the environment', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  process.env['RAGV_SECRET_FOR_TEST'] = 'secret';
  const started: string[] = [];
  const { stdout } = await host.run('acme/hello', [], {
    stdio: 'pipe',
    onStart: ({ version, mode }) => started.push(version, mode),
  });
  const seen = Reader.of(parseJson(bytesOf(stdout), 'what it saw'), 'what it saw').strings('env');
  const allowed = [
    'COLUMNS',
    'FORCE_COLOR',
    'LANG',
    'LC_ALL',
    'LC_CTYPE',
    'LINES',
    'NO_COLOR',
    'PWD', // in a sandbox, where everybody starts in the same place
    'RAGV_PLUGIN_ROOT',
    'TERM',
    'TZ',
  ];
  expect(seen.filter((name) => !allowed.includes(name))).toEqual([]);
  expect(started[0]).toBe('1.0.0');
  expect(['sandbox', 'process']).toContain(started[1]);
  expect(await codeOf(host.run('acme/hello', [], { bin: 'nope' }))).toBe('NO_SUCH_COMMAND');
  delete process.env['RAGV_SECRET_FOR_TEST'];
});
