import {
  isJsonArray,
  keyFromJson,
  Reader,
  VaultError,
  type JsonValue,
  type Key,
  type RoleKeys,
  type Root,
  type Timestamp,
} from '@ragnos/tuf';
import { keysById, roleLayout } from './signed.ts';

/** A member of the signed timestamp, unknown to clients: keys that a root which is about to be put gives to a role. */
const member = 'x-ragnos-incoming';

/** Half of it is for whoever rotates; past all of it a rotation that nobody ended is in nobody's way. */
const life = 10 * 60 * 1000;

/**
 * Between the moment at which live metadata carries the new keys' signatures and the put of the root that asks for them, others
 * publish. So whoever publishes on a head that announces keys signs with them too, or is refused. Whoever began before the
 * announcement loses the swap, since it took one. So no client meets a head that its root does not vouch for.
 */
export interface Incoming {
  readonly role: IncomingRole;
  /** The version of that root. */
  readonly root: number;
  readonly until: Date;
  readonly keys: readonly Key[];
  readonly threshold: number;
}

const roles = ['timestamp', 'snapshot', 'targets'] as const;
type IncomingRole = (typeof roles)[number];

/** What `next` changes of who signs online roles. */
export function incomingKeys(before: Root, next: Root, now: Date): readonly Incoming[] {
  return roles.flatMap((role): readonly Incoming[] => {
    const [old, own] = [before.roles.get(role), next.roles.get(role)];
    if (own === undefined) return [];
    const ids = ({ keyIds, threshold }: RoleKeys): string => [threshold, ...keyIds.toSorted()].join();
    if (old !== undefined && ids(old) === ids(own)) return [];
    const until = new Date(now.getTime() + life);
    return [{ role, root: next.version, until, ...roleLayout(own, next.keys) }];
  });
}

/** Those that are in force on this head. What cannot be read as one is none: it is only a courtesy among publishers. */
export function incomingIn(timestamp: Timestamp, root: number, now: Date): readonly Incoming[] {
  const value = timestamp.unrecognized.get(member);
  if (value === undefined || !isJsonArray(value)) return [];
  try {
    return value.map(parse).filter((one) => one.root === root + 1 && one.until > now);
  } catch (error) {
    if (error instanceof VaultError) return [];
    throw error;
  }
}

/** Announced on this head, with half of the time left at least: the root may be put now. */
export function isAnnounced(announced: Incoming, timestamp: Timestamp, root: number, now: Date): boolean {
  const text = JSON.stringify(fields(announced));
  return incomingIn(timestamp, root, new Date(now.getTime() + life / 2)).some(
    (one) => JSON.stringify(fields(one)) === text,
  );
}

export function withIncoming(
  base: Timestamp['unrecognized'],
  list: readonly Incoming[],
): Timestamp['unrecognized'] {
  const others = new Map<string, JsonValue>([...base].filter(([name]) => name !== member));
  return list.length === 0 ? others : others.set(member, list.map(toJson));
}

/** What has to sign `role`, beside its own keys. */
export function incomingSets(
  list: readonly Incoming[],
  role: string,
): readonly { readonly role: RoleKeys; readonly keys: ReadonlyMap<Key['keyId'], Key> }[] {
  return list
    .filter((one) => one.role === role)
    .map(({ keys, threshold }) => ({
      role: { keyIds: keys.map(({ keyId }) => keyId), threshold, unrecognized: new Map() },
      keys: keysById(keys),
    }));
}

function parse(json: JsonValue): Incoming {
  const reader = Reader.of(json, member);
  const until = new Date(reader.string('until'));
  const role = roles.find((name) => name === reader.string('role'));
  if (role === undefined || Number.isNaN(until.getTime())) return reader.fail('role', 'a role, and a time');
  const keys = reader.array('keys').map((item) => {
    const key = Reader.of(item, member);
    return keyFromJson(key.string('keyid'), key);
  });
  return {
    role,
    root: reader.version('root'),
    until,
    threshold: reader.version('threshold'),
    keys,
  };
}

function fields({ role, root, threshold, keys }: Incoming): unknown {
  return [role, root, threshold, keys.map(({ keyId }) => keyId).toSorted()];
}

function toJson({ role, root, until, threshold, keys }: Incoming): JsonValue {
  const listed = keys.map(({ keyId, keyType, scheme, public: value }) => ({
    keyid: keyId,
    keytype: keyType,
    scheme,
    keyval: { public: value },
  }));
  return { role, root, until: until.toISOString(), threshold, keys: listed };
}
