import { randomBytes } from 'node:crypto';
import { AuditLog } from '@ragnos/tlog';
import {
  isTopLevelRole,
  roleName,
  signedToBytes,
  type LogRestart,
  type Root,
  type TopLevelRole,
} from '@ragnos/tuf';
import { logHeadOf } from '../audit.ts';
import { checkRole, usedKeys } from '../check-layout.ts';
import { draftOf } from '../draft.ts';
import { applyEdit } from '../edit-roles.ts';
import type { Head } from '../head.ts';
import type { RoleLayout } from '../layout.ts';
import { pendingRestart, withRestart } from '../log-restart.ts';
import { isFault, nextRoot, rootExpiry } from '../root.ts';
import { rootRole, targetsRole } from '../signed.ts';
import { refuseHangingBins } from '../snapshot-bins.ts';
import type { Engine } from '../transact.ts';
import type { CallOptions, Change, RoleEdit } from '../types.ts';
import { Workspace } from '../workspace.ts';
import { changesRoot, differences } from './differences.ts';
import { allRoots, drawUp, type EventParts } from './draw-up.ts';
import type { SigningEvent } from './event.ts';
import { findDamage } from './reset.ts';
import { wordsOf } from './review.ts';

/** A change for which more signatures are needed than are at hand. */
export interface Proposal {
  /** Of delegated roles and of top-level ones, which take a new root. */
  readonly edits?: readonly RoleEdit[];
  /** Edits of targets. */
  readonly change?: Change;
  /** Roles to be signed anew as they are; `root` for a root that only lives longer. */
  readonly resign?: readonly string[];
  /** The audit log that root gives up: see `lossOf`. */
  readonly lostLog?: LogRestart;
  readonly reason: string;
  readonly deadline: Date;
}

/**
 * Makes an event of what `proposal` asks for on the present head. Roles whose signers are all at hand are left out: they are
 * signed when it is applied. New target files are stored at once; nothing names them yet.
 * @throws EventError NOTHING_TO_SIGN; PublishError BAD_LAYOUT, UNKNOWN_ROLE and what the change throws
 */
export async function propose(
  engine: Engine,
  mutable: (path: string) => boolean,
  { edits = [], change, resign = [], lostLog, reason, deadline }: Proposal,
  options: CallOptions = {},
): Promise<SigningEvent> {
  const tops = new Map<TopLevelRole, RoleLayout>();
  for (const edit of edits) if (edit.kind === 'keys' && isTopLevelRole(edit.role)) tops.set(edit.role, edit);
  const only = tops.size === edits.length && change === undefined && resign.every((role) => role === 'root');
  const head = await soundHead(engine, options).catch((error: unknown) => {
    if (only && lostLog === undefined && isFault(error)) return null; // a root can be changed whatever became of the rest
    throw error;
  });
  const common = { round: 1, created: engine.now(), deadline, reason };
  if (head === null) {
    const made = await rootAlone(engine, tops, options);
    return { id: newId(made, engine.now()), ...common, ...made };
  }
  const workspace = new Workspace(head, engine.now());
  for (const edit of edits)
    if (!(edit.kind === 'keys' && isTopLevelRole(edit.role))) await applyEdit(workspace, edit, engine.compat);
  await checkTops(engine, head, tops);
  if (change !== undefined) {
    const { draft, end } = draftOf(workspace, { storage: engine.storage, compat: engine.compat, mutable });
    await Promise.resolve(change(draft)).finally(end);
  }
  const asked = resign.filter((role) => role !== 'root');
  for (const role of asked) workspace.edit(await workspace.located(role), { resign: true });
  const plain = nextRoot(head.root.signed, tops, rootExpiry(engine));
  const next = lostLog === undefined ? plain : withRestart(plain, lostLog);
  await refuseHangingBins(head, next).catch(async (error: unknown) => {
    if ((await findDamage(engine, head.root.signed, next, options)) === null) throw error; // else it is reset
  });
  const root = resign.includes('root') || changesRoot(head.root.signed, next) ? next : null;
  const made = await drawUp(engine, { workspace, root, always: new Set(asked) }, options);
  if (root !== null && lostLog === undefined)
    await needLog(engine, head, { next, roles: made.roles }, options);
  return { id: newId(made, engine.now()), ...common, ...made };
}

/**
 * A root that has all its signatures cannot be cancelled, so none is drawn up that nobody could apply: where the log is lost, it is
 * put back or given up first. Only a recovery from whoever had the key of timestamp needs no log.
 * @throws LogError
 */
async function needLog(
  engine: Engine,
  head: Head,
  { next, roles }: { readonly next: Root; readonly roles: EventParts['roles'] },
  options: CallOptions,
): Promise<void> {
  const log = logHeadOf(head.timestamp.signed);
  if (log === null || pendingRestart(head.root.signed, log) !== null) return;
  const rootOnly = roles.every(({ name }) => name === rootRole);
  if (rootOnly && (await findDamage(engine, head.root.signed, next, options)) !== null) return;
  await new AuditLog(engine.storage).needs(log, options);
}

async function soundHead({ reader }: Engine, options: CallOptions): Promise<Head> {
  const head = await reader.read(options);
  await head.role(targetsRole, rootRole);
  return head;
}

/** For a repository whose head does not verify, because somebody has its online keys. */
async function rootAlone(
  engine: Engine,
  tops: ReadonlyMap<TopLevelRole, RoleLayout>,
  options: CallOptions,
): Promise<EventParts> {
  const { signed, bytes } = await engine.reader.readRoot(options);
  const used = usedKeys(signed, []);
  for (const [role, layout] of tops) checkRole(role, layout, used, engine.compat);
  const next = nextRoot(signed, tops, rootExpiry(engine));
  const roles = [{ name: rootRole, delegator: rootRole, signed: signedToBytes(next), signatures: [] }];
  const words = wordsOf([
    { name: rootRole, before: signed, after: next, differences: differences(signed, next) },
  ]);
  return { roots: await allRoots(engine, { signed, bytes }, options), base: [], roles, words };
}

async function checkTops(
  { compat }: Engine,
  head: Head,
  tops: ReadonlyMap<TopLevelRole, RoleLayout>,
): Promise<void> {
  const delegations = (await head.role(targetsRole, rootRole)).signed.delegations;
  const used = usedKeys(head.root.signed, delegations === null ? [] : [['targets', delegations]]);
  for (const [role, layout] of tops) checkRole(role, layout, used, compat);
}

/** `root-20261121-1f3a9c`: sorts by day, and is no secret. */
function newId({ roles }: Pick<SigningEvent, 'roles'>, now: Date): string {
  const first = roles.at(-1)?.name ?? roleName('targets');
  const safe = first
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  return `${safe === '' ? 'role' : safe}-${day}-${randomBytes(3).toString('hex')}`;
}
