import {
  array,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  record as anyRecord,
  type Arbitrary,
} from 'fast-check';
import { faultKinds, type Fault } from './lane.ts';
import { everyPath, farPaths, farRole, isMutable, ownerOf, paths, type File, type State } from './state.ts';

/** One thing that a change does. `append` reads before it writes: whoever loses an update loses its mark. */
export type Edit =
  | { readonly do: 'add'; readonly path: string; readonly content: string; readonly replace: boolean }
  | { readonly do: 'append' | 'remove'; readonly path: string };

/** What is wrong with a role that is handed in; the refusal of the door. */
export const badRoles = {
  bytes: 'DOOR_FORMAT',
  role: 'DOOR_ROLE',
  signatures: 'DOOR_SIGNATURES',
  version: 'DOOR_VERSION',
  old: 'DOOR_VERSION',
  expired: 'DOOR_EXPIRY',
  life: 'DOOR_EXPIRY',
  delegations: 'DOOR_DELEGATIONS',
  path: 'DOOR_PATHS',
  changed: 'DOOR_IMMUTABLE',
  absent: 'DOOR_TARGETS',
  length: 'DOOR_TARGETS',
} as const;
export type BadRole = keyof typeof badRoles;

export const topRoles = ['timestamp', 'snapshot', 'targets', 'root'] as const;
/** Of targets, whose keys take an event with `resign`, and of the role whose keys are never at hand. */
const eventPaths = ['index.json', 'top.txt', 'vendors/far/a/index.json', 'vendors/far/a/2.tgz'] as const;
const onlineRoles = ['vendor.acme', 'catalog', 'vendor.b1', 'vendor.b2'] as const;

export type Op =
  | { readonly kind: 'publish'; readonly changes: readonly (readonly Edit[])[] }
  | { readonly kind: 'bring'; readonly paths: readonly string[]; readonly bad: BadRole | null }
  | { readonly kind: 'add-role'; readonly role: string; readonly bins: number }
  | { readonly kind: 'remove-role'; readonly role: string }
  | { readonly kind: 'keys'; readonly role: string; readonly threshold: number }
  | { readonly kind: 'far-keys'; readonly signed: boolean }
  | {
      readonly kind: 'split';
      readonly role: string;
      readonly bits: number;
      readonly style: 'succinct' | 'prefixes';
      readonly signedBy: 'role' | 'snapshot';
    }
  | { readonly kind: 'rotate'; readonly role: (typeof topRoles)[number] }
  | {
      readonly kind: 'event';
      readonly what: 'add' | 'remove' | 'keys' | 'split' | 'root' | 'restart';
      readonly path: (typeof eventPaths)[number];
      readonly role: (typeof topRoles)[number];
      readonly bits: number;
      readonly style: 'succinct' | 'prefixes';
      /** Applied at once; else it waits, and whoever applies it finds another head. */
      readonly now: boolean;
    }
  | { readonly kind: 'later'; readonly which: number; readonly cancel: boolean }
  | { readonly kind: 'refresh'; readonly force: boolean }
  | { readonly kind: 'collect' }
  /** The audit log, while others are at work. */
  | { readonly kind: 'lose'; readonly part: 'all' | 'late'; readonly after: number };

export interface Doing {
  readonly op: Op;
  readonly fault: Fault | null;
}

export interface Step {
  /** That go by before it; never so many that clients would see something expire. */
  readonly hours: number;
  /** At the same time, each by an object of its own. */
  readonly doing: readonly Doing[];
  /** Clients that begin now: which one; 0 has only the first root. */
  readonly clients: readonly number[];
  /** Decides the interleaving. */
  readonly seed: number;
}

/** Without the prototype that only makes a failure hard to read. */
const record = <T extends object>(parts: { readonly [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> =>
  anyRecord<T>(parts, { noNullPrototype: true });

const edit: Arbitrary<Edit> = oneof(
  { weight: 4, arbitrary: record({ do: constant('add' as const), path: constantFrom(...everyPath.slice(0, 14)), content: constantFrom('one', 'two'), replace: integer({ min: 0, max: 5 }).map((n) => n === 5) }) }, // prettier-ignore
  { weight: 3, arbitrary: record({ do: constant('append' as const), path: constantFrom(...paths.filter(isMutable)) }) }, // prettier-ignore
  { weight: 1, arbitrary: record({ do: constant('remove' as const), path: constantFrom(...paths) }) },
);

const online = constantFrom(...onlineRoles);
const vendors = constantFrom('vendor.b1', 'vendor.b2');
const badRole: Arbitrary<BadRole> = constantFrom(
  'bytes', 'role', 'signatures', 'version', 'old', 'expired', 'life', 'delegations', 'path', 'changed', 'absent', 'length',
); // prettier-ignore

/** Root gives the log up, if it is lost. */
export const restart = { kind: 'event', what: 'restart', path: 'top.txt', role: 'root', bits: 1, style: 'succinct', now: true } as const; // prettier-ignore

const op: Arbitrary<Op> = oneof(
  { weight: 8, arbitrary: record({ kind: constant('publish' as const), changes: array(array(edit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }) }) }, // prettier-ignore
  { weight: 3, arbitrary: record({ kind: constant('bring' as const), paths: array(constantFrom(...farPaths), { maxLength: 2 }), bad: constant(null) }) }, // prettier-ignore
  { weight: 3, arbitrary: record({ kind: constant('bring' as const), paths: constant(['vendors/far/a/1.tgz']), bad: badRole }) }, // prettier-ignore
  { weight: 2, arbitrary: record({ kind: constant('add-role' as const), role: vendors, bins: constantFrom(0, 0, 1, 2) }) }, // prettier-ignore
  { weight: 1, arbitrary: record({ kind: constant('remove-role' as const), role: vendors }) },
  { weight: 2, arbitrary: record({ kind: constant('keys' as const), role: online, threshold: constantFrom(1, 2) }) }, // prettier-ignore
  { weight: 1, arbitrary: record({ kind: constant('far-keys' as const), signed: boolean() }) },
  { weight: 2, arbitrary: record({ kind: constant('split' as const), role: online, bits: integer({ min: 1, max: 3 }), style: constantFrom('succinct' as const, 'prefixes' as const), signedBy: constantFrom('role' as const, 'role' as const, 'snapshot' as const) }) }, // prettier-ignore
  { weight: 3, arbitrary: record({ kind: constant('rotate' as const), role: constantFrom(...topRoles) }) },
  { weight: 5, arbitrary: record({ kind: constant('event' as const), what: constantFrom('add' as const, 'add' as const, 'remove' as const, 'keys' as const, 'split' as const, 'root' as const), path: constantFrom(...eventPaths), role: constantFrom(...topRoles), bits: integer({ min: 1, max: 3 }), style: constantFrom('succinct' as const, 'prefixes' as const), now: boolean() }) }, // prettier-ignore
  { weight: 4, arbitrary: record({ kind: constant('later' as const), which: integer({ min: 0, max: 3 }), cancel: integer({ min: 0, max: 4 }).map((n) => n === 4) }) }, // prettier-ignore
  { weight: 2, arbitrary: record({ kind: constant('refresh' as const), force: boolean() }) },
  { weight: 1, arbitrary: constant({ kind: 'collect' as const }) },
  { weight: 1, arbitrary: record({ kind: constant('lose' as const), part: constantFrom('all' as const, 'late' as const), after: integer({ min: 0, max: 30 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: boolean().map((now) => ({ ...restart, now })) },
);

const fault: Arbitrary<Fault | null> = oneof(
  { weight: 3, arbitrary: constant(null) },
  { weight: 3, arbitrary: record({ kind: constantFrom(...faultKinds), at: integer({ min: 1, max: 14 }) }) },
);

export const step: Arbitrary<Step> = record({
  hours: constantFrom(0, 0, 0, 0, 1, 6, 11),
  doing: array(record({ op, fault }), { minLength: 1, maxLength: 3 }),
  clients: array(integer({ min: 0, max: 3 }), { maxLength: 2 }),
  seed: integer({ min: 0, max: 2 ** 31 }),
});

/** What one edit makes of the state; `null`: it is refused. */
function applyEdit(state: State, one: Edit, mark: string): State | null {
  const { path } = one;
  const before = state.files.get(path);
  const role = before?.role ?? ownerOf(state, path);
  const files = new Map(state.files);
  const content = one.do === 'add' ? one.content : `${before?.content ?? ''}${mark}`;
  if (one.do === 'remove') {
    if (!files.delete(path)) return state;
  } else {
    if (before?.content === content) return state;
    const allowed = isMutable(path) || (one.do === 'add' && one.replace);
    if (before !== undefined && !allowed) return null;
    files.set(path, { content, role });
  }
  return role === farRole ? null : { ...state, files };
}

/** `null`: one of its edits is refused, and so is all of it. */
export function applyChange(state: State, change: readonly Edit[], mark: string): State | null {
  let current: State | null = state;
  for (const one of change) current = current === null ? null : applyEdit(current, one, mark);
  return current;
}

export function withoutRole(state: State, role: string): State {
  const roles = new Map(state.roles);
  roles.delete(role);
  return { ...state, roles, files: new Map([...state.files].filter(([, file]) => file.role !== role)) };
}

/** The role that was signed elsewhere, with these files and no others. */
export function withFarFiles(state: State, listed: ReadonlyMap<string, string>): State {
  const others = [...state.files].filter(([, file]) => file.role !== farRole);
  const own = [...listed].map(([path, content]): readonly [string, File] => [
    path,
    { content, role: farRole },
  ]);
  return { ...state, files: new Map([...others, ...own]) };
}

/** All choices of some of `items`, larger ones first. */
export function choices<T>(items: readonly T[]): readonly (readonly T[])[] {
  const all = Array.from({ length: 2 ** items.length }, (_, bits) =>
    items.filter((_item, index) => (bits & (1 << index)) !== 0),
  );
  return all.toSorted((a, b) => b.length - a.length);
}
