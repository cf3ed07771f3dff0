import { PluginError } from '../errors.ts';
import { parseAuthorFile } from '../formats/author.ts';
import { readPackageJson } from './package-json.ts';

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
