import {
  parseMetadata,
  repositoryId,
  rootFingerprint,
  verifySignature,
  type Key,
  type KeyId,
  type RoleKeys,
  type SignedType,
} from '@ragnos/tuf';
import { topLevelKeys } from './signing-needs.ts';
import { dueAt } from './due.ts';
import type { Loaded } from './head.ts';
import type { Engine } from './transact.ts';
import type { CallOptions, NextAction, RepositoryStatus, RoleStatus } from './types.ts';
import { Workspace } from './workspace.ts';

/** Reads everything, opens no key: it says what is due, not whether it can be done. */
export async function status(engine: Engine, options: CallOptions): Promise<RepositoryStatus> {
  const head = await engine.reader.read(options);
  const now = engine.now();
  const { root } = head;
  const workspace = new Workspace(head, now);
  const top = (
    role: 'root' | 'timestamp' | 'snapshot',
    { signed, bytes }: Loaded<{ readonly version: number; readonly expires: Date }>,
  ): RoleStatus =>
    row({
      role,
      type: role,
      signed,
      bytes,
      by: topLevelKeys(root.signed, role),
      keys: root.signed.keys,
      targets: 0,
      delegator: null,
      splits: null,
    });
  const row = (from: Row): RoleStatus => statusOf(engine, now, from);
  const roles = [top('root', root), top('timestamp', head.timestamp), top('snapshot', head.snapshot)];
  for await (const at of workspace.walk()) {
    const { signed, bytes } = await head.role(at.name, at.delegator);
    const { role: by, keys, splits } = await workspace.keysOf(at);
    const delegator = at.delegator === 'root' ? null : at.delegator;
    const one = row({
      role: at.name,
      type: 'targets',
      signed,
      bytes,
      by,
      keys,
      targets: signed.targets.size,
      delegator,
      splits,
    });
    const index = splits === null ? -1 : roles.findIndex(({ role }) => role === splits);
    const whole = roles[index];
    if (whole === undefined) roles.push(one);
    else roles[index] = merged(whole, one);
  }
  return {
    repositoryId: repositoryId(root.signed),
    now,
    roles,
    rootFingerprint: rootFingerprint(root.bytes),
    firstRootFingerprint: head.firstRoot,
    earliestExpiry: new Date(Math.min(...roles.map((role) => role.expires.getTime()))),
  };
}

interface Row {
  readonly role: string;
  readonly type: SignedType;
  readonly signed: { readonly version: number; readonly expires: Date };
  readonly bytes: Uint8Array;
  readonly by: RoleKeys;
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly targets: number;
  readonly delegator: string | null;
  readonly splits: string | null;
}

function statusOf(
  engine: Engine,
  now: Date,
  { role, type, signed, bytes, by, keys, targets, delegator, splits }: Row,
): RoleStatus {
  const { signatures, signedBytes } = parseMetadata(bytes, type);
  const signedBy = by.keyIds.filter((id) => {
    const key = keys.get(id);
    const signature = signatures.find(({ keyId }) => keyId === id);
    return key !== undefined && signature !== undefined && verifySignature(key, signature.sig, signedBytes);
  });
  const due = dueAt(engine.lifetimes, role, splits, signed.expires);
  const next: NextAction = signed.expires <= now ? 'expired' : due <= now ? 'refresh' : 'none';
  return {
    role,
    version: signed.version,
    keyIds: by.keyIds,
    threshold: by.threshold,
    signedBy,
    expires: signed.expires,
    due,
    next,
    targets,
    delegator,
  };
}

const urgency: readonly NextAction[] = ['none', 'refresh', 'expired'];

/** A split role with one more of its bins: what is most urgent of the two. */
function merged(whole: RoleStatus, bin: RoleStatus): RoleStatus {
  const next = urgency.indexOf(bin.next) > urgency.indexOf(whole.next) ? bin.next : whole.next;
  const earlier = bin.expires < whole.expires ? bin : whole;
  return {
    ...whole,
    next,
    expires: earlier.expires,
    due: bin.due < whole.due ? bin.due : whole.due,
    targets: whole.targets + bin.targets,
  };
}
