import { randomBytes } from 'node:crypto';
import { read } from '@ragnos/storage';
import {
  defaultLimits,
  isTopLevelRole,
  parseMetadata,
  roleName,
  signedToBytes,
  UnsignedMetadataError,
  verifyThreshold,
  type LogRestart,
  type RoleName,
  type Root,
  type TopLevelRole,
} from '@ragnos/tuf';
import { checkRole, usedKeys } from '../check-layout.ts';
import { bodyOf, changedRoles } from '../commit.ts';
import { topLevelKeys } from '../signing-needs.ts';
import { checkCompat } from '../compat-commit.ts';
import { SigningDesk } from '../desk.ts';
import { draftOf } from '../draft.ts';
import { applyEdit } from '../edit-roles.ts';
import { PublishError } from '../errors.ts';
import type { Head, Loaded } from '../head.ts';
import { metadataKey } from '../keys.ts';
import type { RoleLayout } from '../layout.ts';
import { withRestart } from '../log-restart.ts';
import { putContents } from '../put.ts';
import { isFault, keysIn, nextRoot, rootExpiry } from '../root.ts';
import { expiry, lifetimeOf, rootRole, targetsRole } from '../signed.ts';
import { refuseHangingBins } from '../snapshot-bins.ts';
import type { Engine } from '../transact.ts';
import type { CallOptions, Change, RoleEdit } from '../types.ts';
import { Workspace, type Located, type RoleWork } from '../workspace.ts';
import { differences } from './differences.ts';
import { EventError } from './errors.ts';
import { findDamage } from './reset.ts';
import { metadataOf, type BaseRole, type EventRole, type SigningEvent } from './event.ts';
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

/** What is to be signed, before it becomes an event. */
interface Wanted {
  readonly workspace: Workspace;
  readonly root: Root | null;
  /** Roles that are in the event even if all their signers are at hand. */
  readonly always: ReadonlySet<string>;
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
  for (const role of asked) workspace.edit(await located(workspace, role), { resign: true });
  const plain = nextRoot(head.root.signed, tops, rootExpiry(engine));
  const next = lostLog === undefined ? plain : withRestart(plain, lostLog);
  await refuseHangingBins(head, next).catch(async (error: unknown) => {
    if ((await findDamage(engine, head.root.signed, next, options)) === null) throw error; // else it is reset
  });
  const root = resign.includes('root') || changesRoot(head.root.signed, next) ? next : null;
  const made = await eventOf(engine, { workspace, root, always: new Set(asked) }, options);
  return { id: newId(made, engine.now()), ...common, ...made };
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
): Promise<Pick<SigningEvent, 'roots' | 'base' | 'roles' | 'words'>> {
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

/** @throws PublishError UNKNOWN_ROLE */
export async function located(workspace: Workspace, role: string): Promise<Located> {
  const at = await workspace.locate(role);
  if (at === null) throw new PublishError('UNKNOWN_ROLE', `there is no role ${role}`);
  return at;
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

/** The parts of an event that follow from the head. @throws EventError NOTHING_TO_SIGN */
export async function eventOf(
  engine: Engine,
  { workspace, root, always }: Wanted,
  options: CallOptions,
): Promise<Pick<SigningEvent, 'roots' | 'base' | 'roles' | 'words'>> {
  const { head } = workspace;
  if (root !== null) await resignTargetsFor(root, workspace);
  const desk = new SigningDesk(engine.source);
  const roles: EventRole[] = [];
  const works: { readonly work: RoleWork; readonly atHand: boolean }[] = [];
  const changed = await changedRoles(workspace);
  await checkCompat(workspace, changed, engine.compat); // before anybody signs it
  for (const work of changed) {
    if (work.retired !== null) continue; // a tombstone: its delegator's keys sign it when it is published, if they are at hand
    const atHand = !always.has(work.name) && (await isAtHand(work, workspace, root, desk));
    works.push({ work, atHand });
  }
  if (root === null && works.every(({ atHand }) => atHand))
    throw new EventError('NOTHING_TO_SIGN', 'nothing of this waits for anybody’s signature', {
      hint: 'it is published already, or all signers are at hand: then do it without an event',
    });
  // A role that only follows its delegator is signed when that is published, as it is then.
  for (const { work, atHand } of works)
    if (!atHand || changesContent(work)) roles.push(await roleOf(engine, work, workspace, options));
  sortByDepth(roles);
  await putContents(engine.storage, workspace.contents, { ...options, now: new Date() });
  if (root !== null)
    roles.push({ name: rootRole, delegator: rootRole, signed: signedToBytes(root), signatures: [] });
  const base = await baseOf(roles, workspace);
  return { roots: await allRoots(engine, head.root, options), base, roles, words: words(roles, head, base) };
}

/** Live targets must verify under the new root as well. */
async function resignTargetsFor(root: Root, workspace: Workspace): Promise<void> {
  const live = parseMetadata((await workspace.head.role(targetsRole, rootRole)).bytes, 'targets');
  try {
    verifyThreshold(live, topLevelKeys(root, 'targets'), root.keys, 'targets');
  } catch (error) {
    if (!(error instanceof UnsignedMetadataError)) throw error;
    workspace.edit({ name: targetsRole, delegator: rootRole }, { resign: true });
  }
}

async function isAtHand(
  work: RoleWork,
  workspace: Workspace,
  root: Root | null,
  desk: SigningDesk,
): Promise<boolean> {
  const { role, keys, askAs } = await workspace.keysOf(work);
  const next =
    work.name === targetsRole && root !== null
      ? [{ role: topLevelKeys(root, 'targets'), keys: root.keys }]
      : [];
  const sets = [{ role, keys }, ...next];
  const also = next.length > 0 && root !== null ? keysIn(root, 'targets') : [];
  return (await desk.find({ role: work.name, askAs, sets, also })) !== null;
}

async function roleOf(
  engine: Engine,
  work: RoleWork,
  workspace: Workspace,
  options: CallOptions,
): Promise<EventRole> {
  if (work.brought !== null) {
    // Signed elsewhere already, and published as it is.
    const { signedBytes, signatures } = parseMetadata(work.brought.bytes, 'targets', undefined, work.name);
    return { name: work.name, delegator: work.delegator, signed: signedBytes, signatures };
  }
  const { splits } = await workspace.keysOf(work);
  const body = await bodyOf(work, workspace, (await workspace.onHeadOrNull(work))?.signed ?? null);
  let version = (workspace.head.snapshot.signed.meta.get(work.name)?.version ?? 0) + 1;
  while ((await engine.storage.head(metadataKey(work.name, version), options)) !== null) version++;
  const expires = expiry(workspace.now, lifetimeOf(engine.lifetimes, work.name, splits));
  const signed = signedToBytes({ ...body, version, expires });
  return { name: work.name, delegator: work.delegator, signed, signatures: [] };
}

/** Each role after what delegates to it, under whose new keys it may be signed; else in the order of the delegations. */
function sortByDepth(roles: EventRole[]): void {
  const above = new Map(roles.map(({ name, delegator }) => [name, delegator]));
  const depth = ({ delegator }: EventRole): number => {
    let steps = 0;
    let at: RoleName | undefined = delegator;
    for (; at !== undefined && steps < roles.length; steps++) at = above.get(at);
    return steps;
  };
  roles.sort((a, b) => depth(a) - depth(b));
}

function changesContent({ files, delegations, brought }: RoleWork): boolean {
  return files.size > 0 || brought !== null || (delegations !== undefined && delegations !== null);
}

/** Whether it is more than the same root with a longer life. */
export function changesRoot(before: Root, next: Root): boolean {
  return differences(before, next).some(({ what }) => what !== 'version' && what !== 'expires');
}

/** The delegators of every role, and the role itself where it is published, from the top down. */
async function baseOf(roles: readonly EventRole[], workspace: Workspace): Promise<readonly BaseRole[]> {
  const found = new Map<RoleName, BaseRole>();
  const add = async (at: Located): Promise<void> => {
    if (found.has(at.name) || at.name === rootRole) return;
    if (at.delegator !== rootRole) await add(await located(workspace, at.delegator));
    const loaded = await workspace.onHeadOrNull(at);
    if (loaded !== null) found.set(at.name, { ...at, bytes: loaded.bytes });
  };
  for (const { name, delegator } of roles) await add({ name, delegator });
  return [...found.values()].map(({ name, delegator, bytes }) => ({ name, delegator, bytes }));
}

export async function allRoots(
  { storage }: Engine,
  newest: Loaded<Root>,
  options: CallOptions,
): Promise<readonly Uint8Array[]> {
  const roots: Uint8Array[] = [];
  for (let version = 1; version < newest.signed.version; version++) {
    const found = await read(storage, metadataKey(rootRole, version), {
      maxLength: defaultLimits.rootMaxLength,
      ...options,
    });
    if (found === null)
      throw new PublishError('STORE_WENT_BACK', `root version ${version} is not in the store`);
    roots.push(found.bytes);
  }
  return [...roots, newest.bytes];
}

function words(roles: readonly EventRole[], head: Head, base: readonly BaseRole[]): readonly string[] {
  return wordsOf(
    roles.map(({ name, signed }) => {
      const file = metadataOf({ signed, signatures: [] });
      const after = parseMetadata(file, name === rootRole ? 'root' : 'targets').signed;
      const bytes = base.find((one) => one.name === name)?.bytes;
      const before =
        name === rootRole
          ? head.root.signed
          : bytes === undefined
            ? null
            : parseMetadata(bytes, 'targets').signed;
      return { name, before, after, differences: differences(before, after) };
    }),
  );
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
