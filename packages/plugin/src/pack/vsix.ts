import type { ArchiveEntry } from '../archive/tar-reader.ts';
import { PackError } from '../errors.ts';
import type { FilePath } from '../names.ts';
import { neverRun } from './never-run.ts';
import { looseJson, readPackageJson, resolveFile, type PackageJson } from './package-json.ts';
import type { Described } from './published-as-is.ts';

type Files = readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[];

/**
 * A VS Code extension: `extension.vsixmanifest` for the marketplace and `extension/package.json` for the editor, which must
 * call it the same. The tree keeps both: nothing of the archive is outside the signed manifest.
 *
 * @throws PackError
 */
export function describeExtension(files: Files): Described {
  const what = 'extension/package.json';
  const body = files.find((file) => file.path === what)?.body;
  const outer = files.find((file) => file.path === 'extension.vsixmanifest')?.body;
  if (body === undefined || outer === undefined)
    throw new PackError(
      'PACKAGE_MANIFEST',
      'the extension lacks extension.vsixmanifest or extension/package.json',
    );
  const pkg = readPackageJson(body, what);
  const { publisher } = looseJson(body, what);
  const identity = identityOf(Buffer.from(outer).toString('utf8'));
  const same =
    identity.get('Id') === pkg.name &&
    identity.get('Version') === pkg.version &&
    identity.get('Publisher') === publisher;
  if (!same || typeof publisher !== 'string')
    throw new PackError(
      'PACKAGE_MANIFEST',
      'extension.vsixmanifest and extension/package.json name different extensions',
    );
  const paths = new Set(files.map((file) => String(file.path)));
  return {
    name: `${publisher}.${pkg.name}`,
    version: pkg.version,
    plugin: pkg.name.toLowerCase(),
    pluginVersion: pkg.version,
    description: pkg.description,
    keywords: pkg.keywords,
    kind: 'vscode',
    runtime: 'none',
    entry: { main: mainOf(pkg, paths), bin: new Map() },
    engines: new Map([...pkg.engines].filter(([name]) => name === 'vscode')), // its Node is the editor's
    target: targetOf(identity.get('TargetPlatform')),
    capabilities: files.some(({ path }) => /\.(?:node|so|dylib|dll|exe)$/i.test(path))
      ? { native: true }
      : {},
    notes: [neverRun(pkg.lifecycleScripts)].filter((note) => note !== null),
  };
}

/** Themes and snippets have none. */
function mainOf(pkg: PackageJson, paths: ReadonlySet<string>): FilePath | null {
  const given = pkg.json['main'] ?? pkg.json['browser'];
  if (typeof given !== 'string') return null;
  const found = resolveFile(`extension/${given.replace(/^(?:\.?\/)+/, '')}`, paths);
  if (found === null)
    throw new PackError('PACKAGE_MANIFEST', `the extension has no file ${given.slice(0, 100)}`);
  return found;
}

/**
 * The attributes of the one element `Identity`; comments and CDATA could hold a second one and are not needed here. Doors and
 * hosts read it too, whoever wrote it: every pattern takes time in proportion to its length.
 */
function identityOf(xml: string): ReadonlyMap<string, string> {
  const elements = [...xml.matchAll(/<Identity\s([^<>]*?)\/?>/g)];
  if (elements.length !== 1 || isCommented(xml) || /<!\[CDATA\[|<!DOCTYPE|<!ENTITY/.test(xml))
    throw new PackError(
      'PACKAGE_MANIFEST',
      'extension.vsixmanifest does not say plainly which extension it is',
    );
  return new Map(
    [...(elements[0]?.[1] ?? '').matchAll(/(?<![A-Za-z])([A-Za-z]+)="([^"]*)"/g)].map((match) => [
      match[1] ?? '',
      match[2] ?? '',
    ]),
  );
}

/** Whether an identity stands between what could be the beginning and the end of a comment. */
function isCommented(xml: string): boolean {
  const begin = xml.indexOf('<!--');
  const identity = begin < 0 ? -1 : xml.indexOf('<Identity', begin);
  return identity >= 0 && xml.includes('-->', identity);
}

function targetOf(platform: string | undefined): string {
  if (platform === undefined || platform === 'universal' || platform === 'web' || platform === 'undefined')
    return 'any';
  return platform.replace(/^alpine-(.*)$/, 'linux-$1-musl').replace('armhf', 'arm');
}
