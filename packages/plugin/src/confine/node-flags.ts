import { ConfineRefusedError } from './errors.ts';
import type { Grant } from './grant.ts';

/** Paths as the process will see them. */
export interface NodePlaces {
  readonly root: string;
  /** Files and folders of ours. */
  readonly ours: readonly string[];
  /** A private folder in which it may write, or none. */
  readonly temp: string | null;
}

/** Flags of Node for a confined process. What a flag of this Node cannot hold is the preload's and the operating system's. */
export function nodeFlags(grant: Grant, places: NodePlaces): readonly string[] {
  const temp = places.temp === null ? [] : [places.temp];
  const read = [places.root, ...places.ours, ...grant.read, ...grant.write, ...temp];
  return [
    '--permission',
    ...read.map((path) => `--allow-fs-read=${plain(path)}`),
    ...[...grant.write, ...temp].map((path) => `--allow-fs-write=${plain(path)}`),
    ...(grant.exec.length > 0 ? ['--allow-child-process'] : []),
    ...(grant.worker ? ['--allow-worker'] : []),
    ...(grant.native ? ['--allow-addons'] : ['--no-addons']),
    ...(grant.eval ? [] : ['--disallow-code-generation-from-strings']),
    ...always(grant),
  ];
}

/** The same for mode `trusted`: limits and no door for debuggers, but no permissions. */
export function always(grant: Grant): readonly string[] {
  const megabytes = Math.max(16, Math.floor(grant.limits.memoryBytes / (1024 * 1024)));
  return ['--disable-sigusr1', `--max-old-space-size=${megabytes}`];
}

/** Node reads `*` in such a path as "anything". */
function plain(path: string): string {
  if (path.includes('*'))
    throw new ConfineRefusedError('GRANT_IMPOSSIBLE', `${path}: Node cannot be granted a path with a star`);
  return path;
}
