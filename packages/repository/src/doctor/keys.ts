import { keyFingerprint, newKey, type Key, type KeyId, type RoleKeys } from '@ragnos/tuf';
import { isSplit, isUnderSnapshot } from '../bins.ts';
import type { CheckedHead } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { some } from './words.ts';

/** A role, whoever names its keys. Bins of one role are that role. */
interface Holder extends RoleKeys {
  readonly name: string;
  readonly keys: ReadonlyMap<KeyId, Key>;
}

/** One key, one role; thresholds that can be met and that mean something; keys as everybody reads them. */
export function* keyHygiene(head: CheckedHead): Generator<Finding> {
  const holders = holdersOf(head);
  yield* thresholds(holders);
  yield* sharedKeys(holders);
  const listed = new Map<KeyId, Key>(head.root.signed.keys);
  for (const { signed } of head.roles)
    for (const [id, key] of signed.delegations?.keys ?? []) listed.set(id, key);
  yield* eachKey(listed);
  const used = new Set(holders.flatMap(({ keyIds }) => keyIds));
  const unused = [...listed.keys()].filter((id) => !used.has(id));
  if (unused.length > 0)
    yield finding(
      'key-unused',
      `keys that serve no role are listed: ${some(unused.map(short))}`,
      'nothing has to be done; the next change of keys drops them',
    );
}

function* thresholds(holders: readonly Holder[]): Generator<Finding> {
  for (const { name, keyIds, threshold, keys } of holders) {
    const usable = new Map<string, KeyId>();
    for (const id of keyIds) {
      const key = keys.get(id);
      const material = key === undefined ? null : keyFingerprint(key);
      if (material === null) continue;
      const other = usable.get(material);
      if (other !== undefined)
        yield finding(
          'key-two-ids',
          `${name}: one public key stands under ${short(other)} and ${short(id)}, and other clients count it twice`,
          `ragv key rotate ${name}`,
        );
      usable.set(material, id);
    }
    if (usable.size < threshold)
      yield finding(
        'threshold-unreachable',
        `${name} needs ${threshold} signatures and has ${usable.size} usable keys`,
        `give it more keys: ragv key rotate ${name}`,
      );
    if (name !== 'root') continue;
    if (threshold === 1 || usable.size === 1)
      yield finding(
        'threshold-root',
        'one signature can replace the root, and with it everything',
        'hold a ceremony for two or more of several keys: ragv root ceremony',
      );
    else if (usable.size === threshold)
      yield finding(
        'threshold-spare',
        `root needs all ${threshold} of its keys: one that is lost ends the repository`,
        'add a key to root: ragv root rotate',
      );
  }
}

function* sharedKeys(holders: readonly Holder[]): Generator<Finding> {
  const roles = new Map<string, { readonly id: KeyId; readonly names: Set<string> }>();
  for (const { name, keyIds, keys } of holders)
    for (const id of keyIds) {
      const key = keys.get(id);
      const material = key === undefined ? null : keyFingerprint(key);
      if (material === null) continue;
      const found = roles.get(material) ?? { id, names: new Set<string>() };
      roles.set(material, found);
      found.names.add(name);
    }
  for (const { id, names } of roles.values())
    if (names.size > 1)
      yield finding(
        'key-two-roles',
        `key ${short(id)} serves ${some([...names], 5)}: whoever steals it has them all`,
        `give each a key of its own: ragv key rotate ${[...names].at(-1) ?? ''}`,
        names.has('root') ? 'error' : 'warning',
      );
}

function* eachKey(listed: ReadonlyMap<KeyId, Key>): Generator<Finding> {
  for (const [id, key] of listed) {
    if (keyFingerprint(key) === null)
      yield finding(
        'key-unusable',
        `key ${short(id)} (${key.keyType}, ${key.scheme}) is of no kind that can be verified here`,
        'replace it: ragv key rotate <role>',
      );
    const old = oldForm(key);
    if (old !== null)
      yield finding(
        'key-old',
        `key ${short(id)} ${old}`,
        'replace it at the next rotation: ragv key rotate <role>',
      );
    if (newKey(key.keyType, key.scheme, key.public).keyId !== id)
      yield finding(
        'key-id',
        `key id ${short(id)} is not the hash of its key, and tough refuses it`,
        'replace it at the next rotation: ragv key rotate <role>',
      );
  }
}

/** `null`: written as INTEROP.md, "Keys and signatures" has it. */
function oldForm(key: Key): string | null {
  if (key.keyType.startsWith('ecdsa-sha2-')) return `has the key type ${key.keyType}, today ecdsa`;
  if (key.keyType === 'ecdsa' && !key.public.startsWith('-----')) return 'is a bare point in hex, today PEM';
  if (key.unrecognized.has('keyid_hash_algorithms')) return 'carries keyid_hash_algorithms';
  if (key.public.startsWith('-----') && !key.public.endsWith('\n')) return 'has no line end after its PEM';
  return null;
}

export function holdersOf({ root, roles }: CheckedHead): readonly Holder[] {
  const holders: Holder[] = [];
  for (const [name, role] of root.signed.roles) holders.push({ ...role, name, keys: root.signed.keys });
  for (const { name: delegator, signed } of roles) {
    const { delegations } = signed;
    if (delegations === null) continue;
    const { keys, succinctRoles } = delegations;
    const split = isSplit(delegations);
    // Bins under the snapshot's keys make no second role of them.
    const isOther = (role: RoleKeys): boolean => !split || !isUnderSnapshot(root.signed, role, keys);
    if (succinctRoles !== null && isOther(succinctRoles))
      holders.push({ ...succinctRoles, name: delegator, keys });
    for (const role of (delegations.roles ?? []).filter(isOther))
      holders.push({ ...role, name: split ? delegator : role.name, keys });
  }
  return holders;
}

export function short(id: string): string {
  return id.length > 12 ? `${id.slice(0, 12)}…` : id;
}
