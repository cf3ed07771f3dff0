import { read } from '@ragnos/storage';
import { defaultLimits, parseMetadata, signedToBytes, type RoleName, type Root } from '@ragnos/tuf';
import { bodyOf, changedRoles } from '../commit.ts';
import { checkCompat } from '../compat-commit.ts';
import { SigningDesk } from '../desk.ts';
import { PublishError } from '../errors.ts';
import type { Head, Loaded } from '../head.ts';
import { metadataKey } from '../keys.ts';
import { putContents } from '../put.ts';
import { keysIn } from '../root.ts';
import { expiry, isSignedBy, lifetimeOf, rootRole, targetsRole } from '../signed.ts';
import { topLevelKeys } from '../signing-needs.ts';
import type { Engine } from '../transact.ts';
import type { CallOptions } from '../types.ts';
import type { Located, RoleWork, Workspace } from '../workspace.ts';
import { differences } from './differences.ts';
import { EventError } from './errors.ts';
import { metadataOf, type BaseRole, type EventRole, type SigningEvent } from './event.ts';
import { wordsOf } from './review.ts';

/** What an event says by itself; the rest is who asks for it, and when. */
export type EventParts = Pick<SigningEvent, 'roots' | 'base' | 'roles' | 'words'>;

/** What is to be signed, before it becomes an event. */
export interface Wanted {
  readonly workspace: Workspace;
  readonly root: Root | null;
  /** Roles that are in the event even if all their signers are at hand. */
  readonly always: ReadonlySet<string>;
}

/** The parts of an event that follow from the head. @throws EventError NOTHING_TO_SIGN */
export async function drawUp(
  engine: Engine,
  { workspace, root, always }: Wanted,
  options: CallOptions,
): Promise<EventParts> {
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
  if (!isSignedBy(live, topLevelKeys(root, 'targets'), root.keys))
    workspace.edit({ name: targetsRole, delegator: rootRole }, { resign: true });
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

/** The delegators of every role, and the role itself where it is published, from the top down. */
async function baseOf(roles: readonly EventRole[], workspace: Workspace): Promise<readonly BaseRole[]> {
  const found = new Map<RoleName, BaseRole>();
  const add = async (at: Located): Promise<void> => {
    if (found.has(at.name) || at.name === rootRole) return;
    if (at.delegator !== rootRole) await add(await workspace.located(at.delegator));
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
