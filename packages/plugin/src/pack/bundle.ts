import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '@ragnos/tuf';
import type { FileToPack } from '../archive/tar-writer.ts';
import { PackError } from '../errors.ts';
import type { BundledPackage } from '../formats/manifest.ts';
import type { Npm } from './npm.ts';
import type { PackageJson } from './package-json.ts';

export interface Bundle {
  /** Below `node_modules/`, relative to the plugin's folder. */
  readonly files: readonly FileToPack[];
  readonly packages: readonly BundledPackage[];
  /** The lockfile that this bundle follows, to be kept for review where it was made now. */
  readonly lockfile: Uint8Array;
}

/** What decides about dependencies. Development dependencies and scripts stay out: nobody who installs needs them. */
const relevant = [
  'name',
  'version',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'overrides',
];

/**
 * Lets npm install the production dependencies of `pkg` into `scratch`, scripts off, and reads them back. With
 * `lockfile` only what it lists, with the integrity it lists, comes in.
 *
 * @throws PackError `DEPENDENCY_SOURCE`, `LOCKFILE_MISMATCH`, `NPM_FAILED`
 */
export async function bundleDependencies(
  pkg: PackageJson,
  lockfile: Uint8Array | null,
  scratch: string,
  target: string | undefined,
  npm: Npm,
): Promise<Bundle> {
  const folder = join(scratch, 'bundle');
  await mkdir(folder);
  const manifest = Object.fromEntries(
    relevant.filter((name) => pkg.json[name] !== undefined).map((name) => [name, pkg.json[name]]),
  );
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  if (lockfile !== null) await writeFile(join(folder, 'package-lock.json'), lockfile);
  await npm.run(
    [
      'install',
      '--omit=dev',
      ...targetFlags(target),
      '--omit-lockfile-registry-resolved',
      '--install-strategy=hoisted',
    ],
    folder,
  );
  const used = await readFile(join(folder, 'package-lock.json'));
  const installed = lockEntries(
    await readFile(join(folder, 'node_modules', '.package-lock.json')),
    '.package-lock.json',
  );
  const allowed = lockfile === null ? null : lockEntries(lockfile, 'package-lock.json');
  const packages = [...installed].map(([path, entry]) => checked(path, entry, allowed));
  return { files: await readTree(folder, 'node_modules'), packages, lockfile: used };
}

/** Optional dependencies are native parts as a rule: without a target the same bytes have to do for every system. */
function targetFlags(target: string | undefined): readonly string[] {
  if (target === undefined) return ['--omit=optional'];
  const match = /^(linux|darwin|win32)-(x64|arm64)(?:-(glibc|musl))?$/.exec(target);
  if (match === null)
    throw new PackError('DEPENDENCY_SOURCE', `unknown target ${JSON.stringify(target)}`, {
      hint: 'write linux-x64, linux-arm64-musl, darwin-arm64 or win32-x64',
    });
  return [`--os=${match[1]}`, `--cpu=${match[2]}`, ...(match[3] === undefined ? [] : [`--libc=${match[3]}`])];
}

function lockEntries(bytes: Uint8Array, what: string): ReadonlyMap<string, JsonObject> {
  const json = parseJson(bytes, what);
  const packages = isJsonObject(json) ? json['packages'] : undefined;
  if (!isJsonObject(packages))
    throw new PackError('LOCKFILE_MISMATCH', `${what}: no "packages"`, {
      hint: 'write it with npm 7 or newer',
    });
  return new Map(
    Object.entries(packages).flatMap(([path, entry]) =>
      path !== '' && isJsonObject(entry) ? [[path, entry] as const] : [],
    ),
  );
}

/** Of the registry, with an integrity, and as the given lockfile has it. */
function checked(
  path: string,
  entry: JsonObject,
  allowed: ReadonlyMap<string, JsonObject> | null,
): BundledPackage {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const { version, integrity, resolved, link } = entry;
  const fromRegistry =
    resolved === undefined ||
    (typeof resolved === 'string' && resolved.startsWith('https://') && resolved.endsWith('.tgz'));
  if (link === true || !fromRegistry || typeof version !== 'string' || typeof integrity !== 'string')
    throw new PackError(
      'DEPENDENCY_SOURCE',
      `the dependency ${name} comes from ${describe(resolved)}, not from the registry with an integrity`,
      {
        hint: 'depend on a published version of it',
      },
    );
  if (allowed !== null && allowed.get(path)?.['integrity'] !== integrity)
    throw new PackError(
      'LOCKFILE_MISMATCH',
      `${name}@${version} is not in the lockfile with that integrity`,
      {
        hint: 'update the lockfile with `npm install --package-lock-only` and review it',
      },
    );
  return { name, version, integrity };
}

function describe(resolved: JsonValue | undefined): string {
  return typeof resolved === 'string' ? resolved.slice(0, 120) : 'an unknown place';
}

/** Plain files only; npm's own bookkeeping and the links in `.bin` stay out. */
async function readTree(root: string, below: string): Promise<readonly FileToPack[]> {
  const files: FileToPack[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = `${below}/${entry.name}`;
    if (entry.name === '.bin' || path === 'node_modules/.package-lock.json') continue;
    if (entry.isDirectory()) files.push(...(await readTree(root, path)));
    else if (entry.isFile()) {
      const { mode } = await stat(join(root, path));
      files.push({
        path,
        mode: (mode & 0o100) === 0 ? 0o644 : 0o755,
        body: await readFile(join(root, path)),
      });
    } else throw new PackError('DEPENDENCY_SOURCE', `${path} is not a plain file`);
  }
  return files;
}
