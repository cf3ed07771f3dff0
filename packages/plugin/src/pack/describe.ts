import { hash } from 'node:crypto';
import { PackError } from '../errors.ts';
import type { AuthorFile } from '../formats/author.ts';
import type { BundledPackage, ManifestFile, PluginManifest } from '../formats/manifest.ts';
import type { FileToPack } from '../archive/tar-writer.ts';
import { filePath, type FilePath } from '../names.ts';
import { looseJson, resolveFile, scriptsOf, type PackageJson } from './package-json.ts';

/** Where the plugin starts: as ragv.json says, which must be right; otherwise as far as package.json says it. */
export function readEntry(
  pkg: PackageJson,
  author: AuthorFile,
  files: ReadonlySet<string>,
): PluginManifest['entry'] {
  const inside = (path: FilePath): FilePath => {
    if (!files.has(path))
      throw new PackError('RAGV_JSON', `ragv.json: the entry ${path} is no file of the plugin`, {
        hint: 'name it as it lies in the package; "files" in package.json or .npmignore may leave it out',
      });
    return path;
  };
  const ofPackage = [...pkg.bin].flatMap(([name, path]) => {
    const file = resolveFile(path, files);
    return file === null ? [] : [[name, file] as const];
  });
  const main = pkg.main === null ? null : resolveFile(pkg.main, files);
  const exported = mainOfExports(pkg);
  return {
    main:
      author.entry.main === null
        ? ((exported === null ? null : resolveFile(exported, files)) ??
          main ??
          resolveFile('index.js', files))
        : inside(author.entry.main),
    bin: new Map<string, FilePath>(
      author.entry.bin === null
        ? ofPackage
        : [...author.entry.bin].map(([name, path]) => [name, inside(path)]),
    ),
  };
}

/** `exports` as a text, or what its "." has for import; deeper conditions are Node's business. */
function mainOfExports(pkg: PackageJson): string | null {
  let value = pkg.json['exports'];
  for (const key of ['.', 'node', 'import', 'default'])
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      value = new Map(Object.entries(value)).get(key) ?? value;
  return typeof value === 'string' && !value.includes('*') ? value : null;
}

/** An MCP server says so in ragv.json, in its keywords, or by what it is built with. */
export function kindOf(pkg: PackageJson, author: AuthorFile): PluginManifest['kind'] {
  if (author.kind !== null) return author.kind;
  const words = ['mcp', 'mcp-server', 'modelcontextprotocol', 'model-context-protocol'];
  return pkg.dependencies.has('@modelcontextprotocol/sdk') ||
    pkg.keywords.some((word) => words.includes(word))
    ? 'mcp'
    : 'node';
}

/** What an author had put inside already: named by what lies there, without an integrity that anybody stated. */
export function carriedPackages(files: readonly FileToPack[]): readonly BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  for (const file of files) {
    if (!packageFile.test(file.path)) continue;
    const { name, version } = looseJson(file.body, file.path);
    if (typeof name === 'string' && typeof version === 'string')
      found.set(`${name}@${version}`, { name, version, integrity: null });
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** Scripts of the packages in `node_modules`, as `esbuild:postinstall`: what npm would run for the plugin beside its own. */
export function bundledScripts(files: readonly FileToPack[]): readonly string[] {
  const gyp = new Set(files.map((file) => file.path).filter((path) => path.endsWith('/binding.gyp')));
  const found = files.flatMap((file) => {
    if (!packageFile.test(file.path)) return [];
    const json = looseJson(file.body, file.path);
    const { name } = json;
    const hasGyp = gyp.has(file.path.replace(/package\.json$/, 'binding.gyp'));
    return typeof name !== 'string' || name.length > 214
      ? []
      : scriptsOf(json, hasGyp)
          .filter((script) => /^(?:pre|post)?install$/.test(script))
          .map((script) => `${name}:${script}`.replace(/\p{Cc}/gu, ' ').toWellFormed());
  });
  return [...new Set(found)].toSorted().slice(0, 900);
}

const packageFile = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/;

export function toManifestFile(file: FileToPack): ManifestFile {
  return { path: filePath(file.path), sha256: sha256(file.body), size: file.body.length, mode: file.mode };
}

export function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
