import {
  byPath,
  filePath,
  pluginName,
  pluginVersion,
  treeHash,
  vendorName,
  type IndexEntry,
  type ManifestFile,
  type PluginManifest,
} from '@ragnos/plugin';

export const acme = vendorName('acme');
export const hello = pluginName('hello');
export const v = pluginVersion;
export const digest = (digit: string): string => digit.repeat(64);

export function files(...paths: readonly string[]): readonly ManifestFile[] {
  return paths
    .map((path) => ({ path: filePath(path), sha256: digest('a'), size: 3, mode: 0o644 as const }))
    .toSorted(byPath);
}

export function manifest(change: Partial<PluginManifest> = {}): PluginManifest {
  const list = change.files ?? files('package.json', 'dist/index.js', 'bin.js');
  return {
    vendor: acme,
    plugin: hello,
    version: v('1.2.0'),
    description: 'says "hello" \u2014 in one line',
    artifact: {
      name: 'hello-1.2.0.tgz',
      originalName: 'scope-hello-1.2.0.tgz',
      mediaType: 'application/gzip',
      length: 100,
      sha256: digest('b'),
    },
    source: { type: 'npm', name: '@scope/hello@1.2.0', integrity: 'sha512-x' },
    stripPrefix: 'package/',
    files: list,
    treeHash: treeHash(list),
    entry: { main: filePath('dist/index.js'), bin: new Map([['hello', filePath('bin.js')]]) },
    kind: 'mcp',
    engines: new Map([['node', '>=20']]),
    target: 'any',
    capabilities: { 'net.connect': ['example.com:443'], limits: { memoryMb: 100 } },
    lifecycleScripts: ['postinstall'],
    bundled: [
      { name: 'left-pad', version: '1.3.0', integrity: 'sha512-y' },
      { name: 'carried', version: '1.0.0', integrity: null },
    ],
    evidence: ['hello-1.2.0.cdx.json'],
    ...change,
  };
}

export function entry(version: string, digit = 'c'): IndexEntry {
  return {
    artifact: { name: `hello-${version}.tgz`, length: 10, sha256: digest(digit) },
    manifest: { name: `hello-${version}.manifest.json`, length: 20, sha256: digest('d') },
    engines: new Map([['node', '>=20']]),
    yanked: null,
  };
}

/** The JSON of `bytes`, with the member at `path` set, or removed where `value` is undefined. */
export function withMember(
  bytes: Uint8Array,
  path: readonly (string | number)[],
  value: unknown,
): Uint8Array {
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
  let at: unknown = json;
  for (const key of path.slice(0, -1)) at = Reflect.get(asObject(at), key);
  const last = path.at(-1);
  if (last !== undefined) {
    if (value === undefined) Reflect.deleteProperty(asObject(at), last);
    else Reflect.set(asObject(at), last, value);
  }
  return Buffer.from(JSON.stringify(json));
}

/** What `act` throws; null if nothing. */
export function failure(act: () => unknown): unknown {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
}

export function asObject(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new Error('expected an object');
  return value;
}
