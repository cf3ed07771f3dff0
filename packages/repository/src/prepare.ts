import { signedToBytes, type Key, type KeyId, type RoleKeys } from '@ragnos/tuf';
import { bodyOf, changedRoles } from './commit.ts';
import { checkCompat } from './compat-commit.ts';
import { SigningDesk } from './desk.ts';
import { applyEdit } from './edit-roles.ts';
import { draftOf } from './draft.ts';
import { expiry, lifetimeOf } from './signed.ts';
import type { Engine } from './transact.ts';
import type { CallOptions, Change, RoleEdit } from './types.ts';
import { Workspace } from './workspace.ts';

/** A role as a change would have it signed. */
export interface PreparedRole {
  readonly role: string;
  readonly delegator: string;
  readonly version: number;
  /** The canonical form of the signed part: what signers sign. */
  readonly signedBytes: Uint8Array;
  /** The file that is published now; `null`: none. */
  readonly before: Uint8Array | null;
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly roleKeys: RoleKeys;
  /** Whether enough signers are at hand to sign it without anybody's help. */
  readonly atHand: boolean;
}

/**
 * What `edits` and `change` would sign on the present head, below snapshot and timestamp. Nothing is written. Only roles that
 * are published elsewhere first need their bytes; all others are made anew when it is done.
 */
export async function prepare(
  engine: Engine,
  edits: readonly RoleEdit[],
  change: Change | null,
  mutable: (path: string) => boolean,
  options: CallOptions,
): Promise<readonly PreparedRole[]> {
  const workspace = new Workspace(await engine.reader.read(options), engine.now());
  for (const edit of edits) await applyEdit(workspace, edit, engine.compat);
  if (change !== null) {
    const { draft, end } = draftOf(workspace, { storage: engine.storage, compat: engine.compat, mutable });
    await Promise.resolve(change(draft)).finally(end);
  }
  const desk = new SigningDesk(engine.source);
  const prepared: PreparedRole[] = [];
  const works = await changedRoles(workspace);
  await checkCompat(workspace, works, engine.compat);
  for (const work of works) {
    const { role: roleKeys, keys, askAs, splits } = await workspace.keysOf(work);
    const base = await workspace.onHeadOrNull(work);
    const body = await bodyOf(work, workspace, base?.signed ?? null);
    const version = (workspace.head.snapshot.signed.meta.get(work.name)?.version ?? 0) + 1;
    const expires = expiry(workspace.now, lifetimeOf(engine.lifetimes, work.name, splits));
    prepared.push({
      role: work.name,
      delegator: work.delegator,
      version,
      signedBytes: signedToBytes({ ...body, version, expires }),
      before: base?.bytes ?? null,
      keys,
      roleKeys,
      atHand: (await desk.find({ role: work.name, askAs, sets: [{ role: roleKeys, keys }] })) !== null,
    });
  }
  return prepared;
}
