/** What no capability names is held all the same: another kind of plugin, another way to be started, weaker evidence. */
import {
  filePath,
  parseCatalog,
  parseOrganisationPolicy,
  pluginVersion,
  recordFirstSeen,
  serializeCatalog,
  type OrganisationPolicy,
  type PluginManifest,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { weakerEvidence } from '../../src/host/weaker-evidence.ts';
import {
  agreed,
  codeOf,
  installedWith,
  publishWith,
  World,
  type BuildOptions,
  type Built,
  type PluginFiles,
} from './world.ts';

const server = { tools: { send: 'a'.repeat(64) } };
const main = filePath('lib/index.js');

describe('an update that is another thing', () => {
  const cases: Readonly<Record<string, readonly [Partial<PluginManifest>, Partial<PluginManifest>, string]>> =
    {
      'a server that asks for nothing becomes a library': [
        { kind: 'mcp' },
        { kind: 'node' },
        'is a plugin of programs on Node now',
      ],
      'a server with tools becomes a library': [
        { kind: 'mcp', capabilities: server },
        { kind: 'node', capabilities: server },
        'and was a server for AI hosts (MCP) before',
      ],
      'a module becomes an executable': [
        { entry: { main, bin: new Map() } },
        { entry: { main, bin: new Map() }, runtime: 'executable' },
        'is started as a program of its own now',
      ],
      'Node gives way to Python': [{ runtime: 'node' }, { runtime: 'python' }, 'is started by Python now'],
      'a module gives way to a command': [
        { entry: { main, bin: new Map() } },
        {},
        'is started as a command now',
      ],
    };
  test.for(Object.entries(cases))('%s', async ([, [before, after, words]]) => {
    const world = await installedWith(before);
    await publishWith(world, '1.2.0', after);
    const host = await world.host();
    const [result] = await host.update();
    expect(result).toMatchObject({
      changed: false,
      version: '1.1.0',
      held: { version: '1.2.0', code: 'CONSENT_REQUIRED' },
      request: { wider: [], weaker: [] },
    });
    expect(result?.held?.message).toContain(words);
    expect(result?.request?.changes.join()).toContain(words);
    expect(await codeOf(host.install('acme/hello'))).toBe('CONSENT_REQUIRED'); // nor by the other command
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([
      { version: '1.2.0', held: null },
    ]);
    await publishWith(world, '1.3.0', after);
    expect(await host.update()).toMatchObject([{ version: '1.3.0', held: null }]); // agreed to, and the same since
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.2.0' });
  });

  test('is not what a rule agrees to in advance: its words are capabilities', async () => {
    const policy: OrganisationPolicy = parseOrganisationPolicy(
      Buffer.from('{"format":"ragnos-organisation-policy/1","rules":[{"for":"*","grant":"all"}]}'),
    );
    const world = await installedWith({});
    await publishWith(world, '1.2.0', { capabilities: { exec: ['*'] } });
    const host = await world.host({ policy });
    expect(await host.update()).toMatchObject([{ version: '1.2.0', held: null }]);
    await publishWith(world, '1.3.0', { capabilities: { exec: ['*'] }, kind: 'mcp' });
    expect(await host.update()).toMatchObject([{ version: '1.2.0', held: { version: '1.3.0' } }]);
  });

  test('going back to the thing that it was asks nobody', async () => {
    const world = await installedWith({ kind: 'mcp' });
    await publishWith(world, '1.2.0', { kind: 'node' });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.1.0' });
  });

  test('another file behind the same way to be started is new code under the same grant, as every update is', async () => {
    const bin = (file: string): PluginManifest['entry'] => ({
      main: null,
      bin: new Map([['hello', filePath(file)]]),
    });
    const cases: readonly (readonly [Partial<PluginManifest>, Partial<PluginManifest>])[] = [
      [{ entry: { main, bin: new Map() } }, { entry: { main: filePath('bin.js'), bin: new Map() } }],
      [{ entry: bin('bin.js') }, { entry: bin('lib/index.js') }],
      [
        { kind: 'mcp', entry: bin('bin.js') },
        { kind: 'mcp', entry: bin('lib/index.js') },
      ],
    ];
    for (const [before, after] of cases) {
      const world = await installedWith({ capabilities: { env: ['TOKEN'] }, ...before });
      await publishWith(world, '1.2.0', { capabilities: { env: ['TOKEN'] }, ...after });
      expect(await (await world.host()).update()).toMatchObject([{ version: '1.2.0', held: null }]);
    }
  });

  test('another file that is handed what the launch of the one before was is asked about', async () => {
    const entry = (file: string): PluginManifest['entry'] => ({
      main: null,
      bin: new Map([['hello', filePath(file)]]),
      launch: { args: ['--serve'], env: new Map(), settings: new Map() },
    });
    const world = await installedWith({ kind: 'mcp', entry: entry('bin.js') });
    await publishWith(world, '1.2.0', { kind: 'mcp', entry: entry('lib/index.js') });
    const [result] = await (await world.host()).update();
    expect(result).toMatchObject({ version: '1.1.0', held: { version: '1.2.0', code: 'CONSENT_REQUIRED' } });
    expect(result?.request?.changes.join()).toMatch(/lib\/index\.js.*bin\.js/);
  });

  test('a script that another program of the host runs is asked about, once', async () => {
    const script = (line: string): PluginFiles => ({ 'bin.js': `${line}\necho hello\n` });
    const change: BuildOptions['change'] = (manifest) => ({
      ...manifest,
      runtime: 'executable',
      capabilities: { native: true },
    });
    const world = await World.create();
    await world.publish('1.1.0', { change, files: script('#!/bin/sh') });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    await world.publish('1.1.1', { change, files: script('#!/bin/sh') });
    expect(await host.update()).toMatchObject([{ version: '1.1.1', held: null }]);
    await world.publish('1.2.0', { change, files: script('#! /usr/bin/perl -w') });
    const [result] = await host.update();
    expect(result).toMatchObject({ version: '1.1.1', held: { version: '1.2.0', code: 'CONSENT_REQUIRED' } });
    expect(result?.request?.changes).toEqual([
      'is run by "#! /usr/bin/perl -w" now, and was run by "#!/bin/sh" before',
    ]);
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([{ version: '1.2.0' }]);
    expect(await host.install('acme/hello')).toMatchObject({ changed: false });
  });

  test('what else it asks for does not hide which program runs it', async () => {
    const script = (line: string): PluginFiles => ({ 'bin.js': `${line}\necho hello\n` });
    const asking =
      (env: readonly string[]): NonNullable<BuildOptions['change']> =>
      (manifest) => ({ ...manifest, runtime: 'executable', capabilities: { native: true, env } });
    const world = await World.create();
    await world.publish('1.1.0', { change: asking([]), files: script('#!/bin/sh') });
    const host = await world.host();
    await host.install('acme/hello', agreed);
    await world.publish('1.2.0', { change: asking(['LEVEL']), files: script('#!/usr/bin/perl') });
    const [result] = await host.update();
    expect(result?.request?.wider).toMatchObject([{ capability: 'env' }]);
    expect(result?.request?.changes).toMatchObject([expect.stringContaining('/usr/bin/perl')]);
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([{ version: '1.2.0' }]);
  });

  test('more code, more commands and other files of the same thing are no reason to ask', async () => {
    const world = await installedWith({ entry: { main, bin: new Map() } });
    await publishWith(world, '1.2.0', { entry: { main, bin: new Map([['hello', filePath('bin.js')]]) } });
    expect(await (await world.host()).update()).toMatchObject([{ version: '1.2.0', held: null }]);
  });
});

describe('weaker evidence', () => {
  /** As the door does it. */
  function see(world: World, { manifest }: Built, gates: readonly string[]): void {
    const path = 'catalog/acme~hello.json';
    const entry = world.index().versions.get(manifest.version);
    if (entry === undefined) throw new Error('not published');
    const before = world.simulator.content.get(path);
    const seen = [entry.artifact, entry.manifest].map(({ name, sha256 }) => ({
      sha256,
      path: `vendors/acme/hello/${name}`,
      gates,
    }));
    const known = before === undefined ? null : parseCatalog(before);
    const next = recordFirstSeen(known, manifest.vendor, seen, world.now.toISOString());
    world.simulator.addTarget(path, serializeCatalog(next), 'catalog');
    world.simulator.publish('catalog');
  }

  test('a check that the door made for the version in force, and not for the next', async () => {
    const world = await World.create();
    see(world, await publishWith(world, '1.1.0', {}), ['sbom', 'provenance']);
    const host = await world.host();
    await host.install('acme/hello', agreed);
    see(world, await publishWith(world, '1.2.0', {}), ['provenance']);
    expect(await host.update()).toMatchObject([
      {
        version: '1.1.0',
        held: { version: '1.2.0' },
        request: { weaker: ['has not passed the check sbom'] },
      },
    ]);
    see(world, await publishWith(world, '1.3.0', {}), ['sbom', 'provenance', 'licence']);
    expect(await host.update()).toMatchObject([{ version: '1.3.0', held: null }]);
  });

  test('a file that its author listed; agreed to exactly, then the measure for the next', async () => {
    const world = await installedWith({ evidence: ['hello-1.1.0.cdx.json', 'build.intoto.jsonl'] });
    await publishWith(world, '1.2.0', { evidence: ['hello-1.2.0.cdx.json'] });
    const host = await world.host();
    expect(await host.update()).toMatchObject([
      {
        version: '1.1.0',
        held: { version: '1.2.0' },
        request: { weaker: ['comes without proof of where it was built'] },
      },
    ]);
    expect(await host.update(undefined, { grantHeld: true })).toMatchObject([{ version: '1.2.0' }]);
    await publishWith(world, '1.3.0', { evidence: ['other-name.spdx.json'] });
    expect(await host.update()).toMatchObject([{ version: '1.3.0', held: null }]);
    await publishWith(world, '1.4.0', {});
    expect(await host.update()).toMatchObject([
      { held: { version: '1.4.0' }, request: { weaker: ['comes without a list of its parts (SBOM)'] } },
    ]);
  });

  const version = (evidence: readonly string[], number = '1.0.0') => ({
    version: pluginVersion(number),
    evidence,
    artifact: { name: '', originalName: '', mediaType: '', length: 1, sha256: 'a'.repeat(64) },
  });
  const lists: Readonly<Record<string, readonly [readonly string[], readonly string[], number]>> = {
    'the same': [['a.cdx.json', 'notes.txt'], ['notes.txt', 'a.cdx.json'], 0],
    'more of it': [[], ['a.cdx.json'], 0],
    'the version in its name': [['hello-1.0.0.txt'], ['hello-2.0.0.txt'], 0],
    'another name of the same sort': [['bom.json'], ['hello.spdx'], 0],
    'one of two of a sort': [['a.cdx.json', 'b.cdx.json'], ['a.cdx.json'], 1],
    'of no known sort, under another name': [['review-by-ann.txt'], ['review-by-bob.txt'], 1],
    'one sort for another': [['hello.sigstore.json'], ['hello.vex.json'], 1],
    'a name that only looks like one': [['bom.json'], ['rebom.json.txt'], 1],
    'all of it': [['a.cdx.json', 'a.sigstore', 'x'], [], 3],
  };
  test.for(Object.entries(lists))('%s', ([, [before, after, lost]]) => {
    expect(weakerEvidence(version(before), version(after, '2.0.0'), null)).toHaveLength(lost);
  });
});
