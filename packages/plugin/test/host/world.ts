import type { Catalog, HostEvent, HostOptions, InstallOptions, PluginIndex, Yank } from '@ragnos/plugin';
import {
  addVersion,
  byPath,
  emptyCatalog,
  filePath,
  openHost,
  parseCatalog,
  pluginName,
  pluginVersion,
  serializeCatalog,
  serializeIndex,
  serializeManifest,
  serializeRevocations,
  serializeSearch,
  treeHash,
  trustRepository,
  vendorName,
  writeArchive,
  yankVersion,
} from '@ragnos/plugin';
import type { Host, PluginManifest } from '@ragnos/plugin';
import { RepositorySimulator, writeFiles, type TestKey } from '@ragnos/testkit';
import { roleName, targetPath, withRepositoryId } from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';

const folders: string[] = [];

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ragv-host-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  // not after each: some tests of a file run side by side
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export type PluginFiles = Readonly<Record<string, string | Uint8Array>>;

/** A plugin that says its version, arguments and environment. */
export function helloFiles(version: string): PluginFiles {
  const script = `#!/usr/bin/env node
console.log(JSON.stringify({ version: '${version}', args: process.argv.slice(2), env: Object.keys(process.env).sort() }));`;
  return {
    'package.json': JSON.stringify({ name: 'hello', version, type: 'module' }),
    'bin.js': script,
    'lib/index.js': `export const version = '${version}';`,
    'lib/deep/er/data.txt': 'x'.repeat(5000),
    'empty.txt': '',
  };
}

export interface Built {
  readonly manifest: PluginManifest;
  readonly manifestBytes: Uint8Array;
  readonly archive: Uint8Array;
}

export interface BuildOptions {
  readonly vendor?: string;
  readonly plugin?: string;
  readonly files?: PluginFiles;
  readonly engines?: ReadonlyMap<string, string>;
  /** What the archive really holds, where that differs. */
  readonly packed?: PluginFiles;
  readonly change?: (manifest: PluginManifest) => PluginManifest;
}

export async function build(version: string, options: BuildOptions = {}): Promise<Built> {
  const { vendor = 'acme', plugin = 'hello' } = options;
  const files = options.files ?? helloFiles(version);
  const mode = (path: string): 0o644 | 0o755 => (path === 'bin.js' ? 0o755 : 0o644);
  const body = (content: string | Uint8Array): Uint8Array =>
    typeof content === 'string' ? bytesOf(content) : content;
  const archive = await writeArchive(
    Object.entries(options.packed ?? files).map(([path, content]) => ({
      path: `package/${path}`,
      mode: mode(path),
      body: body(content),
    })),
  );
  const list = Object.entries(files)
    .map(([path, content]) => ({
      path: filePath(path),
      sha256: sha256(body(content)),
      size: body(content).length,
      mode: mode(path),
    }))
    .toSorted(byPath);
  const manifest: PluginManifest = {
    vendor: vendorName(vendor),
    plugin: pluginName(plugin),
    version: pluginVersion(version),
    description: 'says hello',
    artifact: {
      name: `${plugin}-${version}.tgz`,
      originalName: `${plugin}-${version}.tgz`,
      mediaType: 'application/gzip',
      length: archive.length,
      sha256: sha256(archive),
    },
    source: { type: 'folder', name: packageOf(files['package.json'], plugin), integrity: null },
    stripPrefix: 'package/',
    files: list,
    treeHash: treeHash(list),
    entry: { main: null, bin: new Map('bin.js' in files ? [[plugin, filePath('bin.js')]] : []) },
    kind: 'node',
    engines: options.engines ?? new Map(),
    target: 'any',
    capabilities: {},
    lifecycleScripts: ['postinstall'],
    bundled: [],
    evidence: [],
  };
  const changed = options.change?.(manifest) ?? manifest;
  return { manifest: changed, manifestBytes: serializeManifest(changed), archive };
}

function packageOf(json: string | Uint8Array | undefined, plugin: string): string {
  const name = typeof json === 'string' ? /"name":"([^"]+)"/.exec(json)?.[1] : undefined;
  return name ?? plugin;
}

/** A repository with the tree of DESIGN.md, served by the simulator, and a host that trusts it. */
export class World {
  readonly simulator: RepositorySimulator;
  readonly home = tempFolder();
  readonly project = tempFolder();
  readonly events: HostEvent[] = [];
  readonly indexes = new Map<string, PluginIndex>();
  now: Date;

  private constructor() {
    this.simulator = new RepositorySimulator();
    this.simulator.root.unrecognized = new Map(withRepositoryId(new Map(), sha256(this.simulator.firstRoot)));
    this.simulator.roots.length = 0;
    this.simulator.publishRoot(1);
    this.now = this.simulator.now;
    const delegate = (name: string, path: string): void =>
      void this.simulator.delegate({ name, paths: [path], terminating: true });
    delegate('policy', 'policy/*');
    delegate('catalog', 'catalog/*');
    delegate('vendor.acme', 'vendors/acme/*/*');
    this.simulator.publish('targets');
  }

  static async create(): Promise<World> {
    const world = new World();
    await world.publish('1.0.0');
    await trustRepository(world.trustOptions());
    return world;
  }

  trustOptions() {
    return {
      home: this.home,
      alias: 'main',
      url: this.simulator.baseUrl,
      root: this.simulator.firstRoot,
      singleSigner: true,
      fetcher: this.simulator,
      now: () => this.now,
      onEvent: (event: HostEvent) => void this.events.push(event),
    };
  }

  async publish(version: string, options: BuildOptions = {}): Promise<Built> {
    const built = await build(version, options);
    this.publishBuilt(built);
    return built;
  }

  publishBuilt({ manifest, manifestBytes, archive }: Built): void {
    const { vendor, plugin, version, description, engines } = manifest;
    const folder = `vendors/${vendor}/${plugin}/`;
    const ref = (name: string, bytes: Uint8Array) => ({ name, length: bytes.length, sha256: sha256(bytes) });
    const manifestName = `${plugin}-${version}.manifest.json`;
    this.simulator.addTarget(folder + manifest.artifact.name, archive, `vendor.${vendor}`);
    this.simulator.addTarget(folder + manifestName, manifestBytes, `vendor.${vendor}`);
    const entry = {
      artifact: ref(manifest.artifact.name, archive),
      manifest: ref(manifestName, manifestBytes),
      engines,
      yanked: null,
    };
    const known = this.indexes.get(folder) ?? null;
    this.putIndex(addVersion(known, { vendor, plugin, version, description, entry }));
  }

  putIndex(index: PluginIndex): void {
    const folder = `vendors/${index.vendor}/${index.plugin}/`;
    this.indexes.set(folder, index);
    this.simulator.addTarget(`${folder}index.json`, serializeIndex(index), `vendor.${index.vendor}`);
    this.simulator.addTarget(
      'catalog/_search.json',
      serializeSearch(
        [...this.indexes.values()].map(({ vendor, plugin, description, channels }) => ({
          vendor,
          plugin,
          description,
          keywords: ['greeting'],
          latest: channels.get('latest') ?? null,
        })),
      ),
      'catalog',
    );
    this.simulator.publish(`vendor.${index.vendor}`, 'catalog');
  }

  index(plugin = 'hello'): PluginIndex {
    const index = this.indexes.get(`vendors/acme/${plugin}/`);
    if (index === undefined) throw new Error(`no index of ${plugin}`);
    return index;
  }

  yank(version: string, yank: Yank | null = { reason: 'broken', at: '2026-01-01T00:00:00Z' }): void {
    this.putIndex(yankVersion(this.index(), pluginVersion(version), yank));
  }

  revoke(...digests: readonly string[]): void {
    const revoked = { reason: 'malware', at: '2026-01-01T00:00:00Z' };
    const bytes = serializeRevocations(new Map(digests.map((digest) => [digest, revoked])));
    this.simulator.addTarget('policy/revocations.json', bytes, 'policy');
    this.simulator.publish('policy');
  }

  /** Writes `catalog/<vendor>.json`: what it was, changed. */
  catalog(change: (catalog: Catalog) => Catalog, vendor = 'acme'): void {
    const path = `catalog/${vendor}.json`;
    const bytes = this.simulator.role('catalog').targets.has(targetPath(path))
      ? this.simulator.content.get(path)
      : undefined;
    const before = bytes === undefined ? emptyCatalog(vendorName(vendor)) : parseCatalog(bytes);
    this.simulator.addTarget(path, serializeCatalog(change(before)), 'catalog');
    this.simulator.publish('catalog');
  }

  /** Gives the vendor's role other keys, and signs it with them. The catalog is told nothing. */
  vendorKeys(keys: readonly TestKey[], threshold = keys.length, vendor = 'acme'): void {
    const name = roleName(`vendor.${vendor}`);
    const { targets } = this.simulator;
    const delegations = targets.delegations ?? null;
    if (delegations === null) throw new Error('no delegations');
    const keyIds = keys.map(({ key }) => key.keyId);
    targets.delegations = {
      ...delegations,
      keys: new Map([...delegations.keys, ...keys.map(({ key }) => [key.keyId, key] as const)]),
      roles: (delegations.roles ?? []).map((role) =>
        role.name === name ? { ...role, keyIds, threshold } : role,
      ),
    };
    this.simulator.signers.set(name, [...keys]);
    this.simulator.publish('targets', name);
  }

  host(options: Partial<HostOptions> = {}): Promise<Host> {
    return openHost({
      home: this.home,
      project: this.project,
      fetcher: this.simulator,
      now: () => this.now,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
  }

  /** The host's own folder of the repository. */
  get folder(): string {
    const [name] = readdirSync(join(this.home, 'home-v1', 'repositories'));
    return join(this.home, 'home-v1', 'repositories', name ?? '');
  }

  plugin(...segments: readonly string[]): string {
    return join(this.folder, 'plugins', 'acme', 'hello', ...segments);
  }

  /** Everything that makes up what is installed, by path and digest. */
  installed(): ReadonlyMap<string, string> {
    return new Map(
      ['plugins', 'content'].flatMap((name) => [...treeOf(join(this.folder, name), this.folder)]),
    );
  }

  /** The same repository in a folder, for processes of their own. */
  async onDisk(): Promise<URL> {
    const folder = tempFolder();
    await writeFiles(folder, this.simulator.files());
    return pathToFileURL(`${folder}/`);
  }
}

export function treeOf(folder: string, base = folder): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    found.set(
      relative(base, path),
      entry.isFile() ? sha256(readFileSync(path)) : entry.isDirectory() ? 'folder' : 'other',
    );
  }
  return found;
}

/** Agrees to all that a version asks for. */
export const agreed = { grant: { granted: 'all', by: 'host' } } as const satisfies InstallOptions;

export async function publishWith(
  world: World,
  version: string,
  more: Partial<PluginManifest>,
): Promise<Built> {
  return world.publish(version, { change: (manifest) => ({ ...manifest, ...more }) });
}

/** A host on which 1.1.0 is installed, with this in its manifest, and all that it asks for was agreed to. */
export async function installedWith(more: Partial<PluginManifest>): Promise<World> {
  const world = await World.create();
  await publishWith(world, '1.1.0', more);
  await (await world.host()).install('acme/hello', agreed);
  return world;
}

export async function codeOf(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
    return 'no error';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
