import type { ManifestFile, PluginManifest } from '../formats/manifest.ts';

/** A file that only one of two versions has, or that they have with other content or another mode. */
export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** As signed. `null` = there was none. */
  readonly before: Omit<ManifestFile, 'path'> | null;
  readonly after: Omit<ManifestFile, 'path'> | null;
}

type Listed = Pick<PluginManifest, 'files'>;

/** By what two signed manifests say: nothing was downloaded for it. What was added first, then what went, each by path. */
export function fileChanges(before: Listed, after: Listed): readonly FileChange[] {
  const [old, now] = [byName(before), byName(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const found = paths.flatMap((path): readonly FileChange[] => {
    const [was, is] = [old.get(path) ?? null, now.get(path) ?? null];
    if (was !== null && is !== null && was.sha256 === is.sha256 && was.mode === is.mode) return [];
    const change = was === null ? 'added' : is === null ? 'removed' : 'changed';
    return [{ path, change, before: was, after: is }];
  });
  return (['added', 'removed', 'changed'] as const).flatMap((kind) =>
    found.filter(({ change }) => change === kind),
  );
}

function byName({ files }: Listed): ReadonlyMap<string, Omit<ManifestFile, 'path'>> {
  return new Map(files.map(({ path, ...file }) => [path, file]));
}
