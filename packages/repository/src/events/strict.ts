import { createHash } from 'node:crypto';
import {
  canonicalJson,
  defaultLimits,
  isJsonObject,
  keyFingerprint,
  keyToJson,
  LimitExceededError,
  MalformedMetadataError,
  parseJson,
  parseMetadata,
  replaceableBySingleKey,
  signedToBytes,
  type Key,
  type KeyId,
  type Metadata,
  type RoleKeys,
  type Signed,
  type SignedType,
} from '@ragnos/tuf';
import { checkPattern } from '../check-layout.ts';
import { newRestart, restartWords } from '../log-restart.ts';
import { EventError } from './errors.ts';

const types: readonly SignedType[] = ['root', 'timestamp', 'snapshot', 'targets'];
const year = 365 * 24 * 60 * 60 * 1000;

/** The metadata in a file that says itself of which type it is. @throws MalformedMetadataError, LimitExceededError */
export function readMetadata(bytes: Uint8Array, what: string): Metadata {
  const longest = Math.max(defaultLimits.rootMaxLength, defaultLimits.targetsMaxLength);
  if (bytes.length > longest)
    throw new LimitExceededError(`${what}: ${bytes.length} bytes, more than ${longest}`);
  const json = parseJson(bytes, what, defaultLimits);
  const signed = isJsonObject(json) ? json['signed'] : undefined;
  const type = signed !== undefined && isJsonObject(signed) ? signed['_type'] : undefined;
  const known = types.find((each) => each === type);
  if (known === undefined)
    throw new MalformedMetadataError(`${what}: no TUF metadata: its _type is none of ${types.join(', ')}`);
  if (bytes.length > defaultLimits[`${known}MaxLength`])
    throw new LimitExceededError(
      `${what}: ${bytes.length} bytes, more than ${defaultLimits[`${known}MaxLength`]}`,
    );
  return parseMetadata(bytes, known, defaultLimits, what);
}

/**
 * Refuses to have signed what clients would refuse or read in more ways than one, or what could never be signed again.
 * `before`, where it is known, excuses what was so already.
 * @throws EventError EVENT_UNSAFE
 */
export function refuseUnsafe({ signed, signedBytes }: Metadata, before: Signed | null, now: Date): void {
  const what = `${signed.type} version ${signed.version}`;
  const refuse = (why: string): never => {
    throw new EventError('EVENT_UNSAFE', `${what}: ${why}`, { hint: 'nothing was signed' });
  };
  if (Buffer.compare(signedToBytes(signed), signedBytes) !== 0) refuse('it reads in more ways than one');
  if (signed.expires <= now) refuse(`it expired at ${signed.expires.toISOString()}`);
  if (signed.expires.getTime() - now.getTime() > 10 * year)
    refuse('it would be valid for more than ten years');
  if (before !== null && signed.type !== before.type) refuse(`it replaces metadata of type ${before.type}`);
  if (before !== null && signed.version <= before.version)
    refuse(`the trusted one has version ${before.version} already`);
  const known = new Set(before === null ? [] : [...signers(before)].map(([, role]) => role));
  for (const [name, role, keys] of signers(signed))
    if (!known.has(role)) checkSigners(name, role, keys, refuse);
  if (signed.type === 'root' && !signed.consistentSnapshot) refuse('snapshots would not be consistent');
  if (signed.type === 'root') checkKeyUse(signed.roles, signed.keys, refuse);
  if (signed.type !== 'targets') return;
  const old = new Set(
    before?.type === 'targets' ? before.delegations?.roles?.flatMap(({ paths }) => paths ?? []) : [],
  );
  for (const { name, paths } of signed.delegations?.roles ?? [])
    for (const path of paths ?? []) if (!old.has(path)) checkPattern(name, path);
}

type Refuse = (why: string) => never;
type Role = readonly [name: string, role: RoleKeys, keys: ReadonlyMap<KeyId, Key>];

function signers(signed: Signed): readonly Role[] {
  if (signed.type === 'root') return [...signed.roles].map(([name, role]) => [name, role, signed.keys]);
  const delegations = signed.type === 'targets' ? signed.delegations : null;
  if (delegations === null) return [];
  const { keys, roles, succinctRoles } = delegations;
  const bins: readonly Role[] =
    succinctRoles === null ? [] : [[`${succinctRoles.namePrefix}-*`, succinctRoles, keys]];
  return [...(roles ?? []).map((role): Role => [role.name, role, keys]), ...bins];
}

/** Counted by material, as clients should, and each id the one that every peer computes. */
function checkSigners(name: string, role: RoleKeys, keys: ReadonlyMap<KeyId, Key>, refuse: Refuse): void {
  const material = new Set<string>();
  for (const id of role.keyIds) {
    const key = keys.get(id);
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (key === undefined || fingerprint === null) refuse(`${name}: no key that can sign stands under ${id}`);
    else if (computedId(key) !== id) refuse(`${name}: the key under ${id} has another id`);
    else if (material.has(fingerprint)) refuse(`${name}: one key stands there twice`);
    else material.add(fingerprint);
  }
  if (role.threshold > material.size)
    refuse(`${name}: ${role.threshold} of ${material.size} keys could never sign it`);
}

function checkKeyUse(
  roles: ReadonlyMap<string, RoleKeys>,
  keys: ReadonlyMap<KeyId, Key>,
  refuse: Refuse,
): void {
  const used = new Map<string, string>();
  for (const [name, { keyIds }] of roles)
    for (const id of keyIds) {
      const key = keys.get(id);
      const fingerprint = (key === undefined ? null : keyFingerprint(key)) ?? id;
      const other = used.get(fingerprint);
      if (other !== undefined && other !== name) refuse(`the key ${id} would serve ${other} and ${name}`);
      used.set(fingerprint, name);
    }
}

function computedId(key: Key): string {
  return createHash('sha256')
    .update(canonicalJson(keyToJson(key)))
    .digest('hex');
}

/** What is allowed, and what a signer should look at twice. */
export function warnings(before: Signed | null, after: Signed): readonly string[] {
  const found: string[] = [];
  if (before !== null && after.version > before.version + 1)
    found.push(`the version jumps from ${before.version} to ${after.version}`);
  if (before !== null && after.expires < before.expires)
    found.push('it expires earlier than what it replaces');
  const old = new Map((before === null ? [] : signers(before)).map(([name, role]) => [name, role]));
  for (const [name, role] of signers(after)) {
    const was = old.get(name);
    if (was === undefined) continue;
    if (role.threshold < was.threshold)
      found.push(`${name}: ${role.threshold} signature(s) will do where ${was.threshold} were needed`);
    const kept = role.keyIds.filter((id) => was.keyIds.includes(id)).length;
    if (kept < was.threshold) found.push(`${name}: fewer keys stay than could sign until now: another owner`);
  }
  const lost = after.type === 'root' ? newRestart(before?.type === 'root' ? before : null, after) : null;
  if (lost !== null) found.push(restartWords(lost));
  if (after.type === 'root' && replaceableBySingleKey(after))
    found.push('one signature can replace this root');
  return found;
}
