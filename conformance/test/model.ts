import type { JsonOutput } from '@ragnos/tuf';

import type { KeyJson } from './signer.ts';

// Metadata as it stands on the wire, open for a test to change.

type Common = { _type: string; spec_version: string; version: number; expires: string };
export type RoleKeys = { keyids: string[]; threshold: number };
export type MetaFile = { version: number; length?: number; hashes?: Map<string, string> };
export type DelegatedRole = RoleKeys & { name: string; terminating: boolean; paths: string[] };
export type TargetFile = { length: number; hashes: Map<string, string> };

export type Root = Common & {
  consistent_snapshot: boolean;
  keys: Map<string, KeyJson>;
  roles: Map<string, RoleKeys>;
};
export type Listing = Common & { meta: Map<string, MetaFile> };
export type Targets = Common & {
  targets: Map<string, TargetFile>;
  delegations?: { keys: Map<string, KeyJson>; roles: DelegatedRole[] };
};
export type Signed = Root | Listing | Targets;

const day = 24 * 3600 * 1000;

/** From the clock of the test, whole seconds, as metadata has it. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * day).toISOString().replace(/\.\d+/, '');
}

function common(type: string): Common {
  return { _type: type, spec_version: '1.0.34', version: 1, expires: inDays(30) };
}

export function newRoot(): Root {
  return { ...common('root'), consistent_snapshot: true, keys: new Map(), roles: new Map() };
}

export function newTimestamp(): Listing {
  return { ...common('timestamp'), meta: new Map([['snapshot.json', { version: 1 }]]) };
}

export function newSnapshot(): Listing {
  return { ...common('snapshot'), meta: new Map() };
}

export function newTargets(): Targets {
  return { ...common('targets'), targets: new Map() };
}

/** The member `key` of `map`; a test that names another is wrong. */
export function member<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${String(key)}`);
  return value;
}

/** Members that TUF does not know. */
export function addMembers(to: object, members: Readonly<Record<string, JsonOutput>>): void {
  Object.assign(to, members);
}
