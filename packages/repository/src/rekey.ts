import type { Signer } from '@ragnos/signing';
import { isTopLevelRole, type TopLevelRole } from '@ragnos/tuf';
import type { AuditNote } from './audit.ts';
import { topLevelKeys } from './signing-needs.ts';
import { checkRole, usedKeys } from './check-layout.ts';
import { applyEdit } from './edit-roles.ts';
import { PublishError } from './errors.ts';
import { incomingKeys } from './incoming.ts';
import type { RoleLayout } from './layout.ts';
import { checkAnnounced, isAudited, keysIn, keysNote, mend, nextRoot, putRoot, rootExpiry } from './root.ts';
import { roleLayout, rootRole, targetsRole } from './signed.ts';
import { refuseHangingBins } from './snapshot-bins.ts';
import { transact, type Engine, type Plan } from './transact.ts';
import type { CallOptions, PublishResult, RotateResult } from './types.ts';
import { Workspace } from './workspace.ts';

export interface RekeyOptions extends CallOptions {
  readonly extra: readonly Signer[];
}

/**
 * Gives a role other keys, in the order in which no client ever fails (INTEROP.md, "order of upload"). Killed in between,
 * everything verifies, and the same call again completes it.
 */
export async function rekey(
  engine: Engine,
  role: string,
  layout: RoleLayout,
  options: RekeyOptions,
): Promise<RotateResult> {
  if (isTopLevelRole(role)) return rekeyTopLevel(engine, role, layout, options);
  const publish = await transact(
    engine,
    async (workspace) => {
      await applyEdit(workspace, { kind: 'keys', role, ...layout });
      return { workspace };
    },
    options,
  );
  return { role, rootVersion: null, publish };
}

async function rekeyTopLevel(
  engine: Engine,
  role: TopLevelRole,
  layout: RoleLayout,
  options: RekeyOptions,
): Promise<RotateResult> {
  const before = await engine.reader.read(options);
  const delegations = (await before.role(targetsRole, rootRole)).signed.delegations;
  const used = usedKeys(before.root.signed, delegations === null ? [] : [['targets', delegations]]);
  checkRole(role, layout, used, engine.compat);
  const note = keysNote(role, keysIn(before.root.signed, role), layout.keys);
  const changed = nextRoot(before.root.signed, new Map([[role, layout]]), rootExpiry(engine));
  const incoming = incomingKeys(before.root.signed, changed, engine.now());
  let publish: PublishResult | null = null;
  if (role !== 'root' || isAudited(engine, before))
    publish = await transact(
      engine,
      async (workspace) => {
        await refuseHangingBins(workspace.head, changed); // before anything is announced
        return signAnew(workspace, role, note);
      },
      { ...options, also: (other) => (other === role ? layout.keys : []), incoming },
    );
  const head = await engine.reader.read(options);
  const next = nextRoot(head.root.signed, new Map([[role, layout]]), rootExpiry(engine));
  checkAnnounced(engine, head, incoming);
  await putRoot(engine, head, next, options);
  const mended = await mend(engine, options);
  return { role, rootVersion: next.version, publish: mended.changed ? mended : publish };
}

/** The entry in the audit log precedes the root that it is about. */
function signAnew(workspace: Workspace, role: TopLevelRole, note: AuditNote): Plan {
  workspace.note(note);
  if (role === 'targets') workspace.edit({ name: targetsRole, delegator: rootRole }, { resign: true });
  return {
    workspace,
    resign: role === 'timestamp' || role === 'root' ? { timestamp: true } : { snapshot: true },
  };
}

/** Who may sign `role` now, bins by the role which they split. @throws PublishError UNKNOWN_ROLE */
export async function layoutOf(engine: Engine, role: string, options: CallOptions): Promise<RoleLayout> {
  if (isTopLevelRole(role)) {
    const { signed } = await engine.reader.readRoot(options); // also of a repository whose head does not verify
    return roleLayout(topLevelKeys(signed, role), signed.keys);
  }
  const head = await engine.reader.read(options);
  const workspace = new Workspace(head, engine.now());
  const at = await workspace.located(role);
  const { role: current, keys } = await workspace.keysOf(at);
  return roleLayout(current, keys);
}

/** The keys of `role` with one of them replaced. @throws PublishError UNKNOWN_ROLE, BAD_LAYOUT */
export async function replacedKey(
  engine: Engine,
  role: string,
  newSigner: Signer,
  oldSigner: Signer,
  options: CallOptions,
): Promise<RoleLayout> {
  const { keys, threshold } = await layoutOf(engine, role, options);
  const old = oldSigner.key.keyId;
  if (keys.every(({ keyId }) => keyId !== old))
    throw new PublishError('BAD_LAYOUT', `key ${old} does not serve ${role}`, {
      hint: 'status shows the keys of each role',
    });
  return { keys: keys.map((key) => (key.keyId === old ? newSigner.key : key)), threshold };
}
