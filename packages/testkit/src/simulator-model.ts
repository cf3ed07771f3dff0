import type { DelegatedRole, Delegations, RoleName, Root, Snapshot, Targets, Timestamp } from '@ragnos/tuf';

type Loose<T> =
  T extends ReadonlyMap<infer K, infer V> ? Map<K, V> : T extends readonly (infer E)[] ? E[] : T;
/** The same model, open for a test to change. Members of members stay as they are: replace them whole. */
export type Mutable<T> = { -readonly [K in keyof T]: Loose<T[K]> };

const day = 24 * 3600 * 1000;
const common = { specVersion: '1.0.34', version: 1, unrecognized: new Map() };

/** Whole seconds, as metadata has them. */
export function inDays(now: Date, days: number): Date {
  return new Date(Math.floor(now.getTime() / 1000) * 1000 + days * day);
}

export function emptyRoot(now: Date, consistentSnapshot: boolean): Mutable<Root> {
  return {
    ...common,
    type: 'root',
    expires: inDays(now, 365),
    consistentSnapshot,
    keys: new Map(),
    roles: new Map(),
  };
}

export function emptyTimestamp(now: Date): Mutable<Timestamp> {
  const snapshot = { version: 1, length: null, hashes: null, unrecognized: new Map() };
  return { ...common, type: 'timestamp', expires: inDays(now, 1), snapshot };
}

export function emptySnapshot(now: Date): Mutable<Snapshot> {
  return { ...common, type: 'snapshot', expires: inDays(now, 7), meta: new Map() };
}

export function emptyTargets(now: Date): Mutable<Targets> {
  return { ...common, type: 'targets', expires: inDays(now, 90), targets: new Map(), delegations: null };
}

export function emptyDelegations(): Mutable<Delegations> {
  return { keys: new Map(), roles: [], succinctRoles: null, unrecognized: new Map() };
}

export interface NewDelegation {
  readonly name: string;
  readonly from?: string;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
  readonly terminating?: boolean;
  readonly threshold?: number;
}

export function delegatedRole(name: RoleName, options: NewDelegation): Mutable<DelegatedRole> {
  return {
    name,
    keyIds: [],
    threshold: options.threshold ?? 1,
    terminating: options.terminating ?? false,
    paths: options.pathHashPrefixes === undefined ? [...(options.paths ?? ['*'])] : null,
    pathHashPrefixes: options.pathHashPrefixes === undefined ? null : [...options.pathHashPrefixes],
    unrecognized: new Map(),
  };
}
