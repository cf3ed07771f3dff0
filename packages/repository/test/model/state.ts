/** The model: paths, contents and roles. What every operation makes of it is in ops.ts. */
export interface File {
  readonly content: string;
  /** Below `targets`: the role that lists it; of a split role, that role. */
  readonly role: string;
}

export interface RoleState {
  /** Key ids, sorted. */
  readonly keys: string;
  readonly threshold: number;
  /** 0: not split. */
  readonly bins: number;
}

export interface State {
  readonly files: ReadonlyMap<string, File>;
  /** To which `targets` delegates. */
  readonly roles: ReadonlyMap<string, RoleState>;
  /** Names that cannot be given again. */
  readonly taken: ReadonlySet<string>;
}

/** Two states are the same if this is. Names that were taken only ever grow, and follow from the rest. */
export function textOf({ files, roles }: State): string {
  const sorted = <T>(map: ReadonlyMap<string, T>): unknown =>
    [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(files), sorted(roles)], null, 1);
}

export const farRole = 'vendor.far';

/** Where files lie. Those that end in `.json` may change. */
export const paths = [
  'index.json',
  'top.txt',
  'catalog/acme.json',
  'catalog/other.json',
  'vendors/acme/a/index.json',
  'vendors/acme/a/1.tgz',
  'vendors/acme/b/1.tgz',
  'vendors/acme/c/index.json',
  'vendors/b1/a/index.json',
  'vendors/b1/a/1.tgz',
  'vendors/b2/a/index.json',
  'vendors/b2/a/1.tgz',
] as const;

/** Whose role is signed elsewhere. */
export const farPaths = ['vendors/far/a/index.json', 'vendors/far/a/1.tgz', 'vendors/far/a/2.tgz'] as const;

export const everyPath: readonly string[] = [...paths, ...farPaths];

export const isMutable = (path: string): boolean => path.endsWith('.json');

const patterns: readonly (readonly [start: string, role: string])[] = [
  ['catalog/', 'catalog'],
  ['vendors/acme/', 'vendor.acme'],
  ['vendors/b1/', 'vendor.b1'],
  ['vendors/b2/', 'vendor.b2'],
  ['vendors/far/', farRole],
];

/** The role that a path goes to that is not there yet. */
export function ownerOf({ roles }: State, path: string): string {
  const role = patterns.find(([start]) => path.startsWith(start))?.[1];
  return role !== undefined && roles.has(role) ? role : 'targets';
}
