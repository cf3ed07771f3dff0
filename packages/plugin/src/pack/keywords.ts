import { PluginError } from '../errors.ts';
import type { ArchiveEntry } from '../archive/tar-reader.ts';
import { parseAuthorFile } from '../formats/author.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { readPackageJson } from './package-json.ts';
import { asIsTypes, describe } from './published-as-is.ts';

/** The keywords of a published version, from its own files. */
export async function keywordsOf(
  manifest: PluginManifest,
  files: readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[],
): Promise<readonly string[]> {
  const type = [...asIsTypes.values()].find(([item]) => item === manifest.source.type)?.[0];
  if (type !== undefined) {
    const target = manifest.target === 'any' ? undefined : manifest.target;
    return (await describe(type, files, { originalName: manifest.artifact.originalName, target })).keywords;
  }
  const body = (name: string): Uint8Array | null => files.find(({ path }) => path === name)?.body ?? null;
  return readKeywords(body('package.json') ?? body('.claude-plugin/plugin.json'), body('ragv.json'));
}

/** The keywords that packing would find in these files; none where they cannot be read: they only help a search. */
export function readKeywords(
  packageJson: Uint8Array | null,
  authorFile: Uint8Array | null,
): readonly string[] {
  const own = readable(() => (authorFile === null ? null : parseAuthorFile(authorFile).keywords));
  return (
    own ??
    readable(() => (packageJson === null ? null : readPackageJson(packageJson, 'package.json').keywords)) ??
    []
  );
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof PluginError) return null;
    throw error;
  }
}
