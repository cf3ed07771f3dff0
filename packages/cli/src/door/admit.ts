import {
  emptyCatalog,
  parseCatalog,
  parseSearch,
  parseVendorPolicy,
  defaultVendorRules,
  NameError,
  pluginName,
  pluginPath,
  recordFirstSeen,
  recordPlugin,
  replaceInSearch,
  serializeCatalog,
  serializeSearch,
  type Catalog,
  type PluginIndex,
  type PluginName,
  type VendorName,
  type VendorRules,
} from '@ragnos/plugin';
import { DoorError, type Draft } from '@ragnos/repository';
import { checkFiles, organisationPolicy } from './check-files.ts';
import { checkIndex, readIndex } from './check-index.ts';
import { checkVersion, type CheckedVersion } from './check-version.ts';
import { passGates, type Gate } from './gates.ts';
import { checkFrequency, checkSizes, checkVersions, withSubmission } from './limits.ts';

export const searchPath = 'catalog/_search.json';
export const vendorPolicyPath = 'policy/vendors.json';

/** What somebody brought, and has been put into the draft. */
export interface Arrival {
  readonly vendor: VendorName;
  /** Paths with new content. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The indexes as they were before, by path. */
  readonly before: ReadonlyMap<string, Uint8Array | null>;
}

export interface DoorSettings {
  readonly gates: ReadonlyMap<string, Gate>;
  readonly signal?: AbortSignal | undefined;
  /**
   * Versions whose bytes were judged already, since a change may run many times: by their names and both their digests, for one
   * manifest may be listed for many versions, and vouches for one.
   */
  readonly judged: Map<string, CheckedVersion>;
}

/**
 * The checks that need to know what plugins are, on the bytes themselves, and what the door writes down of it: first-seen
 * times, gates, search. Throws before anything of the arrival is published.
 * @throws DoorError
 */
export async function admit(draft: Draft, arrival: Arrival, settings: DoorSettings): Promise<void> {
  const { vendor, added, removed } = arrival;
  const rules = await rulesFor(draft, vendor);
  let catalog = await readCatalog(draft, vendor);
  refuseSuspended(catalog);
  checkFrequency(catalog, rules.limits, draft.now);
  const [gone] = removed;
  if (gone !== undefined)
    throw new DoorError('DOOR_IMMUTABLE', gone, 'is no longer listed', {
      hint: 'what was published stays: yank the version',
    });
  const ledger = await ledgerOf(draft, vendor, added);
  const files = await newFiles(draft, ledger, added);
  checkSizes(catalog, [...files.values()].flat(), rules.limits, draft.now);
  const indexes = await newIndexes(draft, arrival, rules);
  await checkNames(draft, vendor, added, indexes);
  const policy = await organisationPolicy(draft);
  const keywords = new Map<PluginName, readonly string[]>();
  const gates = new Map<string, readonly string[]>();
  for (const [index, isNew] of indexes.values())
    for (const [version, entry] of index.versions) {
      if (!isNew.has(version)) continue;
      const { plugin } = index;
      const read = (name: string): Promise<Uint8Array | null> =>
        draft.read(pluginPath(vendor, plugin, name), { maxLength: rules.limits.artifactBytes });
      const { artifact, manifest } = entry;
      const what = JSON.stringify([vendor, plugin, version, artifact, manifest]);
      const checked =
        settings.judged.get(what) ??
        (await checkVersion({ vendor, plugin, version, entry }, read, settings.signal));
      settings.judged.set(what, checked);
      checkFiles(policy, checked.manifest);
      keywords.set(plugin, checked.keywords);
      const companion = (suffix: string): Promise<Uint8Array | null> => read(`${plugin}-${version}${suffix}`);
      gates.set(artifact.sha256, await passGates(rules.requires, { ...checked, companion }, settings.gates));
    }
  const at = draft.now.toISOString();
  const totals = { ...catalog.totals };
  for (const [plugin, fresh] of files) {
    const seen = fresh.map((file) => ({ ...file, gates: gates.get(file.sha256) ?? [] }));
    const next = recordFirstSeen(ledger.get(plugin) ?? null, vendor, seen, at);
    await draft.add(ledgerPath(vendor, plugin), serializeCatalog(next));
    totals.files += fresh.length;
    totals.bytes += fresh.reduce((sum, { length }) => sum + length, 0);
  }
  catalog = { ...withSubmission(catalog, draft.now), totals };
  for (const [index] of indexes.values())
    catalog = recordPlugin(catalog, index, keywords.get(index.plugin) ?? null);
  await writeCatalog(draft, catalog);
}

export async function rulesFor(draft: Draft, vendor: VendorName): Promise<VendorRules> {
  const bytes = await draft.read(vendorPolicyPath);
  return (bytes === null ? undefined : parseVendorPolicy(bytes).get(vendor)) ?? defaultVendorRules;
}

export async function readCatalog(draft: Draft, vendor: VendorName): Promise<Catalog> {
  const bytes = await draft.read(catalogPath(vendor));
  return bytes === null ? emptyCatalog(vendor) : parseCatalog(bytes);
}

/** The catalog, and the text for search that follows from it. */
export async function writeCatalog(draft: Draft, catalog: Catalog): Promise<void> {
  await draft.add(catalogPath(catalog.vendor), serializeCatalog(catalog));
  const search = await draft.read(searchPath);
  const entries = replaceInSearch(search === null ? [] : parseSearch(search), catalog);
  await draft.add(searchPath, serializeSearch(entries));
}

function catalogPath(vendor: VendorName): string {
  return `catalog/${vendor}.json`;
}

function refuseSuspended(catalog: Catalog): void {
  if (catalog.suspended)
    throw new DoorError('DOOR_SUSPENDED', `vendor.${catalog.vendor}`, `${catalog.vendor} is suspended`, {
      hint: 'the operator lifts it with: ragv vendor suspend --undo',
    });
}

type Ledger = ReadonlyMap<string, Catalog>;

/** What the door has seen of each plugin that something was added to. */
async function ledgerOf(draft: Draft, vendor: VendorName, added: readonly string[]): Promise<Ledger> {
  const ledger = new Map<string, Catalog>();
  for (const plugin of new Set(added.map(pluginOf))) {
    const bytes = await draft.read(ledgerPath(vendor, plugin));
    ledger.set(plugin, bytes === null ? emptyCatalog(vendor) : parseCatalog(bytes));
  }
  return ledger;
}

/** `~` is in no name, so that no two plugins of any vendors share a file. */
function ledgerPath(vendor: VendorName, plugin: string): string {
  return `catalog/${vendor}~${nameOf(plugin, `vendors/${vendor}/${plugin}`)}.json`;
}

function pluginOf(path: string): string {
  return path.split('/')[2] ?? '';
}

interface NewFile {
  readonly path: string;
  readonly sha256: string;
  readonly length: number;
}

/** By plugin, what the door has not seen; a path that it has seen with another digest is refused, also after years. */
async function newFiles(
  draft: Draft,
  ledger: Ledger,
  added: readonly string[],
): Promise<ReadonlyMap<string, readonly NewFile[]>> {
  const known = new Map<string, string>();
  for (const { digests } of ledger.values())
    for (const [digest, { path }] of digests) known.set(path, digest);
  const files: NewFile[] = [];
  for (const path of added) {
    if (path.endsWith('/index.json')) continue;
    const file = await draft.find(path);
    const sha256 = file?.hashes.get('sha256');
    if (file === null || sha256 === undefined) continue;
    const before = known.get(path);
    if (before !== undefined && before !== sha256)
      throw new DoorError('DOOR_IMMUTABLE', path, `was published as sha256 ${before}`, {
        hint: 'published paths never change: publish under a new version',
      });
    if (ledger.get(pluginOf(path))?.digests.has(sha256) !== true)
      files.push({ path, sha256, length: file.length });
  }
  return Map.groupBy(files, ({ path }) => pluginOf(path));
}

type Indexes = ReadonlyMap<PluginName, readonly [index: PluginIndex, isNew: ReadonlySet<string>]>;

async function newIndexes(draft: Draft, arrival: Arrival, rules: VendorRules): Promise<Indexes> {
  const { vendor, added, before } = arrival;
  const indexes = new Map<PluginName, readonly [PluginIndex, ReadonlySet<string>]>();
  for (const path of added) {
    const name = new RegExp(`^vendors/${vendor.replaceAll('.', '\\.')}/([^/]+)/index\\.json$`).exec(
      path,
    )?.[1];
    if (name === undefined) continue;
    const plugin = nameOf(name, path);
    const bytes = await draft.read(path);
    if (bytes === null) continue;
    const bytesBefore = before.get(path) ?? null;
    const old = bytesBefore === null ? null : readIndex(path, bytesBefore);
    const index = checkIndex(path, { vendor, plugin }, bytes, old);
    checkVersions(index, path, rules.limits);
    const isNew = [...index.versions.keys()].filter((version) => old?.versions.has(version) !== true);
    indexes.set(plugin, [index, new Set(isNew)]);
  }
  return indexes;
}

/** A file belongs to a version that its plugin's index lists; nothing else is published under a vendor's name. */
async function checkNames(
  draft: Draft,
  vendor: VendorName,
  added: readonly string[],
  indexes: Indexes,
): Promise<void> {
  const versions = new Map<string, readonly string[]>(
    [...indexes].map(([plugin, [index]]) => [plugin, [...index.versions.keys()]]),
  );
  for (const path of added) {
    const [, , plugin = '', file = ''] = path.split('/');
    if (file === 'index.json' && path.startsWith(`vendors/${vendor}/`)) continue;
    const known = versions.get(plugin) ?? (await listedVersions(draft, vendor, plugin));
    versions.set(plugin, known);
    const ofVersion =
      path === `vendors/${vendor}/${plugin}/${file}` &&
      known.some((version) => file.startsWith(`${plugin}-${version}.`));
    if (!ofVersion)
      throw new DoorError('DOOR_PATHS', path, 'belongs to no version that the plugin’s index lists', {
        hint: 'files are called <plugin>-<version>.…, and the index that lists the version comes with them',
      });
  }
}

function nameOf(raw: string, path: string): PluginName {
  try {
    return pluginName(raw);
  } catch (cause) {
    if (!(cause instanceof NameError)) throw cause;
    throw new DoorError('DOOR_PATHS', path, cause.message, { cause });
  }
}

async function listedVersions(draft: Draft, vendor: VendorName, raw: string): Promise<readonly string[]> {
  const plugin = nameOf(raw, `vendors/${vendor}/${raw}`);
  const path = pluginPath(vendor, plugin, 'index.json');
  const bytes = await draft.read(path);
  return bytes === null ? [] : [...checkIndex(path, { vendor, plugin }, bytes, null).versions.keys()];
}
