import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';
import { PackError } from '../errors.ts';
import type { BundledPackage } from '../formats/manifest.ts';
import { checkInstalled, lockEntries, notInstalled, withoutAddresses } from './lockfile.ts';
import type { Npm } from './npm.ts';
import type { PackageJson } from './package-json.ts';
import { targetSystem } from './target-system.ts';

/** A file on its way into the plugin; its mode is decided from what is in it (modes.ts). */
export interface PlainFile {
  readonly path: string;
  readonly body: Uint8Array;
}

export interface Bundle {
  /** Below `node_modules/`, relative to the plugin's folder. */
  readonly files: readonly PlainFile[];
  readonly packages: readonly BundledPackage[];
  /** Optional packages that the lockfile lists and that are not inside: made for other systems, as a rule. */
  readonly leftOut: readonly string[];
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
 * @throws PackError
 */
export async function bundleDependencies(
  pkg: PackageJson,
  lockfile: Uint8Array | null,
  scratch: string,
  target: string | undefined,
  npm: Npm,
): Promise<Bundle> {
  const root: JsonObject = Object.fromEntries(
    relevant.flatMap((name) => {
      const value = pkg.json[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  refuseForeignSpecs(root);
  const flags = targetFlags(target);
  const allowed = lockfile === null ? null : lockEntries(lockfile, 'the lockfile');
  const folder = join(scratch, 'bundle');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify(root));
  if (allowed !== null) await writeFile(join(folder, 'package-lock.json'), withoutAddresses(allowed, root));
  await npm.run(
    [
      'install',
      '--omit=dev',
      ...flags,
      '--allow-file=none',
      '--allow-remote=none',
      '--omit-lockfile-registry-resolved',
      '--install-strategy=hoisted',
      '--package-lock',
    ],
    folder,
  );
  const installed = lockEntries(
    await readFile(join(folder, 'node_modules', '.package-lock.json')),
    'what npm installed',
  );
  const lock = await readFile(join(folder, 'package-lock.json'));
  return {
    packages: checkInstalled(installed, allowed),
    files: await readTree(folder, 'node_modules'),
    leftOut: notInstalled(lockEntries(lock, 'the lockfile that npm wrote'), installed),
    lockfile: lock,
  };
}

/** Looked at before npm runs: a dependency from git or a URL would be fetched before anybody could refuse it. */
function refuseForeignSpecs(root: JsonObject): void {
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies', 'overrides'])
    for (const [name, spec] of specs(root[field]))
      if (!isRegistrySpec(spec))
        throw new PackError(
          'DEPENDENCY_SOURCE',
          `the dependency ${name} comes from ${spec.slice(0, 120)}, not from the registry`,
          { hint: 'depend on a published version of it' },
        );
}

/** Name and specifier, also of the objects that `overrides` nests. */
function* specs(value: JsonValue | undefined): Generator<readonly [name: string, spec: string]> {
  if (!isJsonObject(value)) return;
  for (const [name, item] of Object.entries(value))
    if (typeof item === 'string') yield [name, item];
    else yield* specs(item);
}

/** A range, a tag, `npm:` with another name, or `$name` in overrides: nothing with a scheme, a host or a folder. */
function isRegistrySpec(spec: string): boolean {
  const plain = spec.replace(/^npm:(?:@[\w.~-]+\/)?[\w~-][\w.~-]*@?/, '');
  return !/[:/\\]/.test(plain) && !/^\.|\.(?:tgz|tar|tar\.gz)$/i.test(plain);
}

/** Optional dependencies are native parts as a rule: without a target the same bytes have to do for every system. */
function targetFlags(target: string | undefined): readonly string[] {
  if (target === undefined) return ['--omit=optional'];
  const { os, cpu, libc: named } = targetSystem(target);
  // Named always: without it npm takes the C library of the machine that packs.
  const libc = named ?? (os === 'linux' ? 'glibc' : undefined);
  return [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])];
}

/** Plain files only; npm's own bookkeeping and the links in `.bin` stay out. */
async function readTree(root: string, below: string): Promise<readonly PlainFile[]> {
  const files: PlainFile[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = `${below}/${entry.name}`;
    if (
      (entry.name === '.bin' && /(?:^|\/)node_modules$/.test(below)) ||
      path === 'node_modules/.package-lock.json'
    )
      continue;
    if (entry.isDirectory()) files.push(...(await readTree(root, path)));
    else if (entry.isFile()) files.push({ path, body: await readFile(join(root, path)) });
    else throw new PackError('DEPENDENCY_CHANGED', `${path} is not a plain file`);
  }
  return files;
}
