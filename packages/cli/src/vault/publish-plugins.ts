import {
  addVersion,
  parseIndex,
  pluginPath,
  serializeIndex,
  yankVersion,
  type Packed,
  type PluginIndex,
  type PluginSpec,
  type PluginVersion,
  type VendorName,
  type Yank,
} from '@ragnos/plugin';
import { sha256 } from '../sha256.ts';
import type { Change, Content } from '@ragnos/repository';
import { admit, type DoorSettings } from '../door/admit.ts';
import { CliError } from '../errors.ts';

/** A vendor's published files, as an edit sees them: a draft at the door, or a role on the vendor's own machine. */
export interface VendorFiles {
  read(path: string): Promise<Uint8Array | null>;
  add(path: string, content: Content): Promise<void>;
}

type Edit = (files: VendorFiles, now: Date) => Promise<void>;

/** Adds what was packed: artifacts, manifests, indexes. */
export function addVersions(vendor: VendorName, packed: readonly Packed[]): Edit {
  return async (files) => {
    for (const { manifest, manifestBytes, artifactFile } of packed) {
      const { plugin, version, artifact } = manifest;
      const artifactPath = pluginPath(vendor, plugin, artifact.name);
      const manifestName = `${plugin}-${version}.manifest.json`;
      await files.add(artifactPath, { file: artifactFile, length: artifact.length, sha256: artifact.sha256 });
      await files.add(pluginPath(vendor, plugin, manifestName), manifestBytes);
      const index = addVersion(await readIndex(files, vendor, plugin), {
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
      await files.add(pluginPath(vendor, plugin, 'index.json'), serializeIndex(index));
    }
  };
}

/** Yanks one version, or takes that back. @throws CliError `NO_SUCH_FILE` */
export function yankOne(spec: PluginSpec, version: PluginVersion, yank: Omit<Yank, 'at'> | null): Edit {
  return async (files, now) => {
    const index = await readIndex(files, spec.vendor, spec.plugin);
    if (index === null)
      throw new CliError(
        'NO_SUCH_FILE',
        `there is no plugin ${spec.vendor}/${spec.plugin} in this repository`,
        { hint: 'ragv target list vendor.<name> shows what is published' },
      );
    const changed = yankVersion(index, version, yank === null ? null : { ...yank, at: now.toISOString() });
    await files.add(pluginPath(spec.vendor, spec.plugin, 'index.json'), serializeIndex(changed));
  };
}

/** The edit as one change at the door of a repository whose vendor's keys are at hand. */
export function atTheDoor(vendor: VendorName, edit: Edit, settings: DoorSettings): Change {
  return async (draft) => {
    const before = new Map<string, Uint8Array | null>();
    const touched = new Map<string, string | undefined>();
    const digestOf = async (path: string): Promise<string | undefined> =>
      (await draft.find(path))?.hashes.get('sha256');
    const files: VendorFiles = {
      read: (path) => draft.read(path),
      add: async (path, content) => {
        if (!touched.has(path)) touched.set(path, await digestOf(path));
        if (path.endsWith('/index.json') && !before.has(path)) before.set(path, await draft.read(path));
        await draft.add(path, content);
      },
    };
    await edit(files, draft.now);
    const added: string[] = [];
    for (const [path, digest] of touched) if ((await digestOf(path)) !== digest) added.push(path);
    if (added.length > 0) await admit(draft, { vendor, added, removed: [], before }, settings);
  };
}

async function readIndex(
  files: VendorFiles,
  vendor: VendorName,
  plugin: PluginSpec['plugin'],
): Promise<PluginIndex | null> {
  const bytes = await files.read(pluginPath(vendor, plugin, 'index.json'));
  return bytes === null ? null : parseIndex(bytes);
}
