import { canonicalJson, Reader } from '@ragnos/tuf';
import {
  pluginName,
  pluginVersion,
  vendorName,
  type PluginName,
  type PluginVersion,
  type VendorName,
} from '../names.ts';
import { readFormat, readLine, readLines, readTime, writeFormat } from './common.ts';
import { ownersToJson, readOwners, type Owner } from './owners.ts';
import type { IndexEntry, PluginIndex } from './plugin-index.ts';

export const catalogFormat = 'ragnos-catalog/1';
export const searchFormat = 'ragnos-search/1';

/** What the door remembers of one plugin. */
export interface CatalogPlugin {
  readonly description: string;
  readonly keywords: readonly string[];
  /** Null where every version is yanked or a prerelease. */
  readonly latest: PluginVersion | null;
}

export interface SeenDigest {
  readonly path: string;
  readonly firstSeen: string;
  /** Bytes; null where it was not recorded. */
  readonly length: number | null;
  /** The gates that it passed. */
  readonly gates: readonly string[];
}

/** By sha256. */
export type SeenDigests = ReadonlyMap<string, SeenDigest>;

/**
 * Kept by the door: what a policy may count on, since no vendor can write it. `catalog/<vendor>.json` is about the vendor, and
 * `catalog/<vendor>~<plugin>.json` holds the digests of one plugin: a publish writes what it is about, however much there is.
 */
export interface Catalog {
  readonly vendor: VendorName;
  /** Nothing of it is published or installed. */
  readonly suspended: boolean;
  /** Who could sign for the vendor, the first first; it only grows. Empty where the door did not record it yet. */
  readonly owners: readonly Owner[];
  /** When the door took something from it: of the last hour, at most 1,000. RFC 3339. */
  readonly submissions: readonly string[];
  /** Of all that was ever published. */
  readonly totals: { readonly files: number; readonly bytes: number };
  /** By sha256: when the door first saw these bytes, and where. It only grows. */
  readonly digests: SeenDigests;
  readonly plugins: ReadonlyMap<PluginName, CatalogPlugin>;
}

export function parseCatalog(bytes: Uint8Array): Catalog {
  return readFormat(bytes, catalogFormat, (reader) => {
    const digests = reader.object('digests');
    const plugins = reader.object('plugins');
    return {
      vendor: vendorName(reader.string('vendor')),
      suspended: reader.boolean('suspended'),
      owners: reader.has('owners') ? readOwners(reader, 'owners') : [],
      submissions: reader.has('submissions') ? readTimes(reader, 'submissions') : [],
      totals: reader.has('totals') ? readTotals(reader.object('totals')) : { files: 0, bytes: 0 },
      digests: new Map(digests.names().map((digest) => readSeen(digests, digest))),
      plugins: new Map(plugins.names().map((name) => [pluginName(name), readPlugin(plugins.object(name))])),
    };
  });
}

export function serializeCatalog(catalog: Catalog): Uint8Array {
  const digests = new Map(
    [...catalog.digests].map(([digest, { path, firstSeen, length, gates }]) => [
      digest,
      { path, firstSeen, ...(length === null ? {} : { length }), ...(gates.length === 0 ? {} : { gates }) },
    ]),
  );
  const plugins = new Map(
    [...catalog.plugins].map(([name, { latest, ...plugin }]) => [
      name as string,
      latest === null ? plugin : { ...plugin, latest },
    ]),
  );
  return writeFormat({
    format: catalogFormat,
    vendor: catalog.vendor,
    suspended: catalog.suspended,
    ...(catalog.owners.length === 0 ? {} : { owners: ownersToJson(catalog.owners) }),
    ...(catalog.submissions.length === 0 ? {} : { submissions: catalog.submissions }),
    ...(catalog.totals.files === 0 ? {} : { totals: { ...catalog.totals } }),
    digests,
    plugins,
  });
}

/** What `next` has lost of a catalog that was seen before, in words; null = it only grew, or was changed where it may. */
export function catalogLoss(known: Catalog, next: Catalog): string | null {
  for (const [digest, { firstSeen }] of known.digests) {
    const now = next.digests.get(digest);
    if (now === undefined) return `no longer lists ${digest}`;
    if (now.firstSeen !== firstSeen)
      return `says that ${digest} was first seen at ${now.firstSeen}, and said ${firstSeen}`;
  }
  const before = canonicalJson(ownersToJson(known.owners));
  const kept = canonicalJson(ownersToJson(next.owners.slice(0, known.owners.length)));
  return Buffer.compare(before, kept) === 0 ? null : 'tells another story of its owners than before';
}

/** Since when the door knows all of a version, RFC 3339; `null` = it did not see all of it. What a cooldown counts from. */
export function firstSeenOf(
  seen: SeenDigests,
  { artifact, manifest }: Pick<IndexEntry, 'artifact' | 'manifest'>,
): string | null {
  const times = [artifact, manifest].map(({ sha256 }) => seen.get(sha256)?.firstSeen);
  const [a, b] = times;
  if (a === undefined || b === undefined) return null;
  return Date.parse(a) > Date.parse(b) ? a : b;
}

/** The catalog after a publish: a digest keeps the time when it was first seen, whatever happens later. */
export function recordFirstSeen(
  catalog: Catalog | null,
  vendor: VendorName,
  seen: readonly {
    readonly sha256: string;
    readonly path: string;
    readonly length?: number;
    readonly gates?: readonly string[];
  }[],
  at: string,
): Catalog {
  const digests = new Map(catalog?.digests);
  for (const { sha256, path, length = null, gates = [] } of seen)
    if (!digests.has(sha256)) digests.set(sha256, { path, firstSeen: at, length, gates });
  return { ...(catalog ?? emptyCatalog(vendor)), digests };
}

export function emptyCatalog(vendor: VendorName): Catalog {
  return {
    vendor,
    suspended: false,
    owners: [],
    submissions: [],
    totals: { files: 0, bytes: 0 },
    digests: new Map(),
    plugins: new Map(),
  };
}

/** The catalog with what `index` now says; `keywords` null keeps those it had. */
export function recordPlugin(
  catalog: Catalog,
  index: PluginIndex,
  keywords: readonly string[] | null,
): Catalog {
  const plugin: CatalogPlugin = {
    description: index.description,
    keywords: keywords ?? catalog.plugins.get(index.plugin)?.keywords ?? [],
    latest: index.channels.get('latest') ?? null,
  };
  return { ...catalog, plugins: new Map(catalog.plugins).set(index.plugin, plugin) };
}

/** One line of `catalog/_search.json`: the text in which a host searches. */
export interface SearchEntry {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly latest: PluginVersion | null;
}

export function parseSearch(bytes: Uint8Array): readonly SearchEntry[] {
  return readFormat(bytes, searchFormat, (reader) =>
    reader.array('plugins').map((json, index) => {
      const item = Reader.of(json, `plugins[${index}]`);
      const { description, keywords, latest } = readPlugin(item);
      return {
        vendor: vendorName(item.string('vendor')),
        plugin: pluginName(item.string('plugin')),
        description,
        keywords,
        latest,
      };
    }),
  );
}

export function serializeSearch(entries: readonly SearchEntry[]): Uint8Array {
  const plugins = entries.map(({ latest, ...entry }) => (latest === null ? entry : { ...entry, latest }));
  return writeFormat({ format: searchFormat, plugins });
}

/** `entries` with those of `catalog`'s vendor as the catalog has them now; none of a suspended vendor. */
export function replaceInSearch(entries: readonly SearchEntry[], catalog: Catalog): readonly SearchEntry[] {
  const others = entries.filter((entry) => entry.vendor !== catalog.vendor);
  const own = catalog.suspended
    ? []
    : [...catalog.plugins].map(([plugin, { description, keywords, latest }]) => ({
        vendor: catalog.vendor,
        plugin,
        description,
        keywords,
        latest,
      }));
  return [...others, ...own].toSorted((a, b) =>
    `${a.vendor}/${a.plugin}` < `${b.vendor}/${b.plugin}` ? -1 : 1,
  );
}

function readSeen(digests: Reader, digest: string) {
  if (!/^[0-9a-f]{64}$/.test(digest)) digests.fail(digest, 'a sha256 in lower-case hex');
  const seen = digests.object(digest);
  return [
    digest,
    {
      path: readLine(seen, 'path', 1024),
      firstSeen: readTime(seen, 'firstSeen'),
      length: seen.has('length') ? seen.integer('length', 0) : null,
      gates: seen.has('gates') ? readLines(seen, 'gates', 64) : [],
    },
  ] as const;
}

function readTimes(reader: Reader, name: string): readonly string[] {
  const times = readLines(reader, name, 30);
  for (const [index, time] of times.entries())
    readTime(Reader.of({ time }, `${reader.path}.${name}[${index}]`), 'time');
  return times;
}

function readTotals(reader: Reader): Catalog['totals'] {
  return { files: reader.integer('files', 0), bytes: reader.integer('bytes', 0) };
}

function readPlugin(reader: Reader): CatalogPlugin {
  return {
    description: readLine(reader, 'description'),
    keywords: readLines(reader, 'keywords', 100),
    latest: reader.has('latest') ? pluginVersion(reader.string('latest')) : null,
  };
}
