import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './step.ts';

export type Manifest = {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
};
export type Package = { readonly folder: string; readonly manifest: Manifest };
/** The packages that are published, by name. */
export function discover(): ReadonlyMap<string, Package> {
  const folders = readdirSync(path.join(root, 'packages')).map((name) => path.join(root, 'packages', name));
  const found = folders
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
      return { folder, manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
  return new Map(found.map((one) => [one.manifest.name, one]));
}

/** A package and those of ours it needs, near and far: an empty folder finds them nowhere else. */
export function closure(
  name: string,
  all: ReadonlyMap<string, Package>,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const other of Object.keys(all.get(name)?.manifest.dependencies ?? {}))
    if (all.has(other)) closure(other, all, seen);
  return seen;
}

/** The commands whose source exists: a skeleton may name its command before anybody wrote it. */
export const writtenBins = ({ bin = {} }: Manifest, folder: string): readonly string[] =>
  Object.values(bin).filter((target) =>
    existsSync(path.join(folder, target.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))),
  );

/** The files of the exports beside `.`: each is run by itself, in a process that may read nothing else. */
export const loadedApart = ({ exports = {} }: Manifest): readonly string[] =>
  Object.entries(exports).flatMap(([name, { default: file }]) =>
    name === '.' || file === undefined ? [] : [file],
  );
