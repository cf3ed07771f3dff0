import { createHash, createPublicKey } from 'node:crypto';
import {
  canonicalJson,
  keyToJson,
  type DelegatedRole,
  type Delegations,
  type Key,
  type Root,
} from '@ragnos/tuf';
import { isSplit } from './bins.ts';
import { clientFacts, binStyles } from './compat-facts.ts';
import type { BinsStyle, Client } from './compat.ts';
import { shadows } from './compat-patterns.ts';
import { PublishError } from './errors.ts';

/** What a client asks of a repository. Closed; an issue names the one that is not met. */
export const compatRules = {
  KEY: 'it can read the key, and verifies signatures made with it',
  BINS: 'it finds targets in bins of this kind',
  ROLE_NAME: 'it does not misread the name of the role',
  PATTERN: 'a delegation means the same to it as to us',
  PATH: 'it finds the target under this name, and where it looks for the file',
  TEXT: 'it arrives at the same bytes when it verifies the signature',
  SNAPSHOT: 'it reads a snapshot of this size',
  ALIAS: 'the file lies where it looks for it',
  LAPSED: 'every role is there and in force, or it reads none of them',
} as const;
export type CompatRule = keyof typeof compatRules;

/** Something that a client to be served cannot read, or does not find. */
export interface CompatIssue {
  readonly client: Client;
  readonly rule: CompatRule;
  /** The role in which it is. */
  readonly role: string;
  /** A sentence with the values. */
  readonly message: string;
  /** What can be done. */
  readonly hint: string;
}

export function notCompatible({ client, role, message, hint }: CompatIssue): PublishError {
  return new PublishError('NOT_COMPATIBLE', `${role}: ${message}, so ${client} cannot be served`, { hint });
}

/** @throws PublishError NOT_COMPATIBLE, for the first one */
export function refuseIssues(issues: Iterable<CompatIssue>): void {
  for (const issue of issues) throw notCompatible(issue);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function modulusLength(key: Key): number {
  return createPublicKey(key.public).asymmetricKeyDetails?.modulusLength ?? 0;
}

/** Keys of `role` that a client cannot use. They have to be keys that we can. */
export function* keyIssues(
  compat: readonly Client[],
  role: string,
  keys: Iterable<Key>,
): Generator<CompatIssue> {
  for (const key of keys)
    for (const client of compat) {
      const why = keyProblem(client, key);
      if (why !== null) yield { client, rule: 'KEY', role, ...why };
    }
}

function keyProblem(client: Client, key: Key): Pick<CompatIssue, 'message' | 'hint'> | null {
  const { keys, rsaMaxBits, computedKeyIds } = clientFacts[client];
  const short = key.keyId.slice(0, 12);
  const forms = keys.value.get(`${key.keyType} ${key.scheme}`);
  if (forms === undefined)
    return {
      message: `key ${short} is of type ${key.keyType}, scheme ${key.scheme}`,
      hint: 'ECDSA P-256 (ecdsa-sha2-nistp256) and ed25519 are read by all clients',
    };
  const form = key.public.trimStart().startsWith('-----BEGIN') ? 'pem' : 'hex';
  if (!forms.includes(form))
    return {
      message: `key ${short} is written as ${form}`,
      hint: `write it as ${forms.join(' or ')}`,
    };
  if (key.keyType === 'rsa' && modulusLength(key) > rsaMaxBits.value)
    return {
      message: `key ${short} is an RSA key of ${modulusLength(key)} bits, more than ${rsaMaxBits.value}`,
      hint: 'make one of 3,072 or 4,096 bits',
    };
  const computed = sha256(canonicalJson(keyToJson(key)));
  if (computedKeyIds.value && key.keyId !== computed)
    return {
      message: `key ${short} has an id of its own, not the digest of the key (${computed.slice(0, 12)})`,
      hint: 'name the key by the sha256 of its canonical JSON',
    };
  return null;
}

/** Keys that are new in a root. */
export function rootIssues(compat: readonly Client[], after: Root, before: Root): Generator<CompatIssue> {
  const fresh = [...after.keys].filter(([id]) => !before.keys.has(id)).map(([, key]) => key);
  return keyIssues(compat, 'root', fresh);
}

/** `role` is split into bins of this style, or is to be. */
export function* binIssues(
  compat: readonly Client[],
  role: string,
  style: BinsStyle,
): Generator<CompatIssue> {
  const [possible] = binStyles(compat);
  const hint =
    possible === undefined
      ? `no style serves ${compat.join(', ')} at once (succinct: ${serving(compat, 'succinct')}; prefixes: ${serving(compat, 'prefixes')}): leave ${role} in one file, or serve fewer of them`
      : `use bins of style ${possible}`;
  for (const client of compat)
    if (!clientFacts[client].bins.value.includes(style))
      yield { client, rule: 'BINS', role, message: `split into bins of style ${style}`, hint };
}

function serving(compat: readonly Client[], style: BinsStyle): string {
  return compat.filter((client) => clientFacts[client].bins.value.includes(style)).join(', ') || 'none';
}

/**
 * What `role` delegates, as far as it was not there `before`: a repository that was made for other clients can still be
 * changed, and mended step by step.
 */
export function* delegationIssues(
  compat: readonly Client[],
  role: string,
  after: Delegations | null,
  before: Delegations | null = null,
): Generator<CompatIssue> {
  if (after === null) return;
  yield* keyIssues(
    compat,
    role,
    [...after.keys].filter(([id]) => before?.keys.has(id) !== true).map(([, key]) => key),
  );
  if (isSplit(after)) {
    const style = after.succinctRoles === null ? 'prefixes' : 'succinct';
    if (!isSplit(before)) yield* binIssues(compat, role, style);
    return;
  }
  const known = new Set((before?.roles ?? []).map(identity));
  const roles = after.roles ?? [];
  const fresh = new Set(roles.filter((each) => !known.has(identity(each))));
  for (const { name } of fresh)
    for (const client of compat)
      if (clientFacts[client].badRoleNames.value?.test(name) === true)
        yield {
          client,
          rule: 'ROLE_NAME',
          role,
          message: `a role is called ${name}`,
          hint: 'put a letter and a dot before it, such as vendor.' + name,
        };
  for (const client of compat)
    if (clientFacts[client].wildcardsCrossSlashes.value) yield* shadowIssues(client, role, roles, fresh);
}

function identity({ name, paths }: DelegatedRole): string {
  return JSON.stringify([name, paths]);
}

/** A terminating role ends the search of a client to which it covers more than to us. */
function* shadowIssues(
  client: Client,
  role: string,
  roles: readonly DelegatedRole[],
  fresh: ReadonlySet<DelegatedRole>,
): Generator<CompatIssue> {
  for (const [index, later] of roles.entries())
    for (const earlier of roles.slice(0, index)) {
      if (!earlier.terminating || (!fresh.has(earlier) && !fresh.has(later))) continue;
      const found = shadows(earlier.paths ?? [], later.paths ?? []);
      if (found !== null)
        yield {
          client,
          rule: 'PATTERN',
          role,
          message: `${found.earlier} of ${earlier.name}, in which its wildcards stand for slashes, covers paths of ${later.name} (${found.later})`,
          hint: `give ${later.name} a prefix of its own, or delegate to it before ${earlier.name}`,
        };
    }
}

/** `said`: the length, in words. */
export function* snapshotIssues(
  compat: readonly Client[],
  said: string,
  length: number,
): Generator<CompatIssue> {
  for (const client of compat) {
    const { value } = clientFacts[client].snapshotMaxLength;
    if (length > value)
      yield {
        client,
        rule: 'SNAPSHOT',
        role: 'snapshot',
        message: `${said}, more than ${value}`,
        hint: 'use fewer roles, or larger bins',
      };
  }
}
