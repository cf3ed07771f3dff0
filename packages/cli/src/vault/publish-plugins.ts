import {
  addVersion,
  parseCatalog,
  parseIndex,
  parseSearch,
  pluginPath,
  recordFirstSeen,
  recordPlugin,
  replaceInSearch,
  serializeCatalog,
  serializeIndex,
  serializeSearch,
  yankVersion,
  type Packed,
  type PluginIndex,
  type PluginSpec,
  type PluginVersion,
  type VendorName,
  type Yank,
} from '@ragnos/plugin';
import { createHash } from 'node:crypto';
import type { Change, Draft } from '@ragnos/repository';
import { CliError } from '../errors.ts';

const searchPath = 'catalog/_search.json';

/** The change that publishes `packed`: artifacts, manifests, indexes, the vendor's catalog and the text for search. */
export function publishing(vendor: VendorName, packed: readonly Packed[]): Change {
  return async (draft) => {
    const seen: { sha256: string; path: string }[] = [];
    for (const item of packed) {
      const { manifest, manifestBytes, artifactFile, keywords } = item;
      const { plugin, version, artifact } = manifest;
      const artifactPath = pluginPath(vendor, plugin, artifact.name);
      const manifestName = `${plugin}-${version}.manifest.json`;
      await draft.add(artifactPath, { file: artifactFile, length: artifact.length, sha256: artifact.sha256 });
      await draft.add(pluginPath(vendor, plugin, manifestName), manifestBytes);
      seen.push({ sha256: artifact.sha256, path: artifactPath });
      const index = addVersion(await readIndex(draft, vendor, plugin), {
        vendor,
        plugin,
        version,
        description: manifest.description,
        entry: {
          artifact: { name: artifact.name, length: artifact.length, sha256: artifact.sha256 },
          manifest: { name: manifestName, length: manifestBytes.length, sha256: sha256(manifestBytes) },
          engines: manifest.engines,
          yanked: null,
        },
      });
      await writeIndex(draft, index, keywords);
    }
    await recordSeen(draft, vendor, seen);
  };
}

/** The change that yanks one version, or takes that back. @throws CliError `USAGE` unless `spec` names a version */
export function yanking(spec: PluginSpec, version: PluginVersion, yank: Omit<Yank, 'at'> | null): Change {
  return async (draft) => {
    const index = await readIndex(draft, spec.vendor, spec.plugin);
    if (index === null)
      throw new CliError(
        'NO_SUCH_FILE',
        `there is no plugin ${spec.vendor}/${spec.plugin} in this repository`,
        { hint: 'ragv target list vendor.<name> shows what is published' },
      );
    const changed = yankVersion(
      index,
      version,
      yank === null ? null : { ...yank, at: draft.now.toISOString() },
    );
    await writeIndex(draft, changed, null);
  };
}

async function readIndex(
  draft: Draft,
  vendor: VendorName,
  plugin: PluginSpec['plugin'],
): Promise<PluginIndex | null> {
  const bytes = await draft.read(pluginPath(vendor, plugin, 'index.json'));
  return bytes === null ? null : parseIndex(bytes);
}

async function writeIndex(
  draft: Draft,
  index: PluginIndex,
  keywords: readonly string[] | null,
): Promise<void> {
  await draft.add(pluginPath(index.vendor, index.plugin, 'index.json'), serializeIndex(index));
  const catalog = recordPlugin(await readCatalog(draft, index.vendor), index, keywords);
  await draft.add(catalogPath(index.vendor), serializeCatalog(catalog));
  const search = await draft.read(searchPath);
  await draft.add(
    searchPath,
    serializeSearch(replaceInSearch(search === null ? [] : parseSearch(search), catalog)),
  );
}

async function recordSeen(
  draft: Draft,
  vendor: VendorName,
  seen: readonly { sha256: string; path: string }[],
): Promise<void> {
  const catalog = recordFirstSeen(await readCatalog(draft, vendor), vendor, seen, draft.now.toISOString());
  await draft.add(catalogPath(vendor), serializeCatalog(catalog));
}

async function readCatalog(draft: Draft, vendor: VendorName): Promise<ReturnType<typeof parseCatalog>> {
  const bytes = await draft.read(catalogPath(vendor));
  return bytes === null ? recordFirstSeen(null, vendor, [], draft.now.toISOString()) : parseCatalog(bytes);
}

function catalogPath(vendor: VendorName): string {
  return `catalog/${vendor}.json`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
