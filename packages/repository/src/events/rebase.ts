import {
  canonicalJson,
  keyToJson,
  parseMetadata,
  type DelegatedRole,
  type Delegations,
  type JsonOutput,
  type Key,
  type KeyId,
  type RoleKeys,
  type RoleName,
  type Root,
  type SuccinctRoles,
  type TargetFile,
  type TargetPath,
  type Targets,
  type TopLevelRole,
} from '@ragnos/tuf';
import { sameHead } from '@ragnos/tlog';
import { binsUnderSnapshot, isSplit } from '../bins.ts';
import type { BinsLayout, RoleLayout } from '../layout.ts';
import { nextRoot, rootExpiry } from '../root.ts';
import { delegatedNames, roleLayout, rootRole, sameDelegations, targetsRole } from '../signed.ts';
import { splitRole } from '../split.ts';
import type { Engine } from '../transact.ts';
import type { CallOptions } from '../types.ts';
import { Workspace } from '../workspace.ts';
import { logHeadOf } from '../audit.ts';
import type { Head } from '../head.ts';
import { newRestart, withRestart } from '../log-restart.ts';
import { metadataOf, type SigningEvent } from './event.ts';
import { changesRoot } from './differences.ts';
import { drawUp } from './draw-up.ts';

/**
 * The same change on the head as it is now: what the event changed is changed again, all else stays as the head has it. It
 * has other bytes, so every signature is gone, and everybody reviews it anew.
 * @throws EventError NOTHING_TO_SIGN where the head has it all already
 */
export async function reopen(
  engine: Engine,
  event: SigningEvent,
  options: CallOptions,
): Promise<SigningEvent> {
  const head = await engine.reader.read(options);
  const now = engine.now();
  const workspace = new Workspace(head, now);
  let root: Root | null = null;
  const split = await splitAnew(engine, event, workspace);
  const always = new Set(event.roles.map(({ name }) => name));
  for (const role of event.roles) {
    if (split.has(role.name) || split.has(role.delegator)) continue;
    if (role.name === rootRole) {
      root = rebasedRoot(engine, event, parseMetadata(metadataOf(role), 'root').signed, head);
      continue;
    }
    const proposed = parseMetadata(metadataOf(role), 'targets').signed;
    const bytes = event.base.find(({ name }) => name === role.name)?.bytes;
    const before = bytes === undefined ? null : parseMetadata(bytes, 'targets').signed;
    const at = { name: role.name, delegator: role.delegator };
    await workspace.locate(role.name); // what delegates to it is read before it
    const onHead = (await workspace.onHeadOrNull(at))?.signed ?? null;
    const files = changedFiles(before, proposed);
    const only =
      before !== null && files.size === 0 && sameDelegations(before.delegations, proposed.delegations);
    if (!isSplit(proposed.delegations) && isSplit(onHead?.delegations ?? null))
      for (const name of await intoBins(workspace, role.name, files)) always.add(name);
    const delegations = rebasedDelegations(
      before?.delegations ?? null,
      proposed.delegations,
      onHead?.delegations ?? null,
    );
    const changed = !sameDelegations(delegations, onHead?.delegations ?? null);
    const news = [...files].filter(([path, file]) => !sameFile(onHead?.targets.get(path) ?? null, file));
    // An event that only signs anew is done once somebody did.
    if (onHead !== null && news.length === 0 && !changed && !(only && onHead.expires < proposed.expires))
      continue;
    workspace.edit(at, {
      files: new Map(news),
      ...(changed ? { delegations } : {}),
      ...(onHead === null ? { created: true, delegations } : { resign: true }),
    });
  }
  const made = await drawUp(engine, { workspace, root, always }, options);
  const time = Math.max(0, event.deadline.getTime() - event.created.getTime());
  const { id, reason, round } = event;
  return { id, reason, round: round + 1, created: now, deadline: new Date(now.getTime() + time), ...made };
}

/**
 * Files of a role that was split since go where its bins have them now, and leave `files`; what its bins have already does too.
 * Returns the bins that change.
 */
async function intoBins(
  workspace: Workspace,
  role: RoleName,
  files: Map<TargetPath, TargetFile | null>,
): Promise<readonly RoleName[]> {
  const bins: RoleName[] = [];
  for (const [path, file] of files) {
    const bin = await workspace.owner(path);
    if (bin.delegator !== role) continue; // of nobody's bin: the door refuses it where it is
    files.delete(path);
    if (sameFile(await workspace.fileIn(bin, path), file)) continue;
    workspace.setFile(bin, path, file);
    bins.push(bin.name);
  }
  return bins;
}

/**
 * Roles that the event splits: what their bins held when it was made is none of its changes. They are split as the head has them
 * now, unless somebody did it. Whoever asked for other files in the same event asks for them again.
 */
async function splitAnew(
  engine: Engine,
  event: SigningEvent,
  workspace: Workspace,
): Promise<ReadonlySet<RoleName>> {
  const split = new Set<RoleName>();
  const root = workspace.head.root.signed;
  for (const { name, signed } of event.roles) {
    if (name === rootRole || name === targetsRole) continue;
    const { delegations } = parseMetadata(metadataOf({ signed, signatures: [] }), 'targets').signed;
    const bytes = event.base.find((one) => one.name === name)?.bytes;
    const before = bytes === undefined ? null : parseMetadata(bytes, 'targets').signed.delegations;
    if (bytes === undefined || !isSplit(delegations) || sameNames(delegations, before)) continue;
    const at = await workspace.locate(name);
    if (at === null) continue;
    split.add(name);
    const bins = binsOf(root, delegations);
    const onHead = await workspace.delegations(at);
    if (
      bins === null ||
      (isSplit(onHead) && !sameNames(onHead, before) && sameBins(bins, binsOf(root, onHead)))
    )
      continue;
    await splitRole(workspace, name, bins, engine.compat);
  }
  return split;
}

function sameNames(a: Delegations | null, b: Delegations | null): boolean {
  return delegatedNames(a).join() === delegatedNames(b).join();
}

function sameBins(a: Bins, b: Bins | null): boolean {
  return a.bitLength === b?.bitLength && a.style === b.style && a.signedBy === b.signedBy;
}

type Bins = Required<BinsLayout>;

function binsOf(root: Root, delegations: Delegations | null): Bins | null {
  if (delegations === null) return null;
  const { succinctRoles, roles } = delegations;
  const signedBy = binsUnderSnapshot(root, delegations).length > 0 ? 'snapshot' : 'role';
  if (succinctRoles !== null) return { bitLength: succinctRoles.bitLength, style: 'succinct', signedBy };
  return { bitLength: Math.log2((roles ?? []).length), style: 'prefixes', signedBy };
}

function rebasedRoot(
  engine: Engine,
  event: SigningEvent,
  proposed: Root,
  { root: { signed: head }, timestamp }: Head,
): Root | null {
  const last = event.roots.at(-1);
  const before = last === undefined ? null : parseMetadata(last, 'root').signed;
  const changes = new Map<TopLevelRole, RoleLayout>();
  const known = new Map<KeyId, Key>([...head.keys, ...proposed.keys]);
  for (const [name, role] of proposed.roles) {
    const [was, is] = [before?.roles.get(name), head.roles.get(name)];
    if (was === undefined || is === undefined || sameKeys(was, role)) continue;
    changes.set(name, roleLayout(mergedKeys(was, role, is), known));
  }
  const plain = nextRoot(head, changes, rootExpiry(engine));
  // A log that went on since is not lost.
  const lost = newRestart(before, proposed);
  const log = logHeadOf(timestamp.signed);
  const next = lost !== null && log !== null && sameHead(lost, log) ? withRestart(plain, lost) : plain;
  const only = changes.size === 0 && head.expires < proposed.expires;
  return only || changesRoot(head, next) ? next : null;
}

type Keys = Pick<RoleKeys, 'keyIds' | 'threshold'>;

function sameKeys(a: Keys, b: Keys): boolean {
  return a.threshold === b.threshold && a.keyIds.toSorted().join('\0') === b.keyIds.toSorted().join('\0');
}

/** What the event adds and removes, and nothing else: a key that somebody removed meanwhile does not come back. */
function mergedKeys(before: Keys, proposed: Keys, head: Keys): Keys {
  const kept = head.keyIds.filter((id) => !before.keyIds.includes(id) || proposed.keyIds.includes(id));
  const added = proposed.keyIds.filter((id) => !before.keyIds.includes(id) && !kept.includes(id));
  const threshold = proposed.threshold === before.threshold ? head.threshold : proposed.threshold;
  return { keyIds: [...kept, ...added], threshold };
}

/** `null` = taken out. */
function changedFiles(before: Targets | null, after: Targets): Map<TargetPath, TargetFile | null> {
  const files = new Map<TargetPath, TargetFile | null>();
  for (const path of before?.targets.keys() ?? []) if (!after.targets.has(path)) files.set(path, null);
  for (const [path, file] of after.targets)
    if (!sameFile(before?.targets.get(path) ?? null, file)) files.set(path, file);
  return files;
}

function sameFile(a: TargetFile | null, b: TargetFile | null): boolean {
  const of = (file: TargetFile | null): JsonOutput =>
    file === null ? null : [file.length, file.hashes, file.custom ?? null, file.unrecognized];
  return same(of(a), of(b));
}

function rebasedDelegations(
  before: Delegations | null,
  after: Delegations | null,
  head: Delegations | null,
): Delegations | null {
  if (sameDelegations(before, after)) return head;
  if (before === null || after === null || head === null) return after;
  const known = new Map<KeyId, Key>([...head.keys, ...after.keys]);
  const bins = rebasedBins(before, after, head);
  if (bins !== null) return { ...head, keys: used(known, bins.keyIds), succinctRoles: bins };
  if (after.succinctRoles !== null || head.succinctRoles !== null) return after; // split, or joined
  const byName = (from: Delegations | null) => new Map((from?.roles ?? []).map((role) => [role.name, role]));
  const [old, next] = [byName(before), byName(after)];
  const roles: DelegatedRole[] = [];
  for (const role of head.roles ?? []) {
    const proposed = next.get(role.name);
    if (proposed === undefined && old.has(role.name)) continue; // taken out by the event
    const was = old.get(role.name);
    const changed = proposed !== undefined && was !== undefined && !sameRole(was, proposed, before, after);
    roles.push(changed ? { ...proposed, ...mergedKeys(was, proposed, role) } : role);
  }
  const there = new Set(roles.map(({ name }) => name));
  for (const [index, role] of (after.roles ?? []).entries())
    if (!there.has(role.name) && !old.has(role.name)) roles.splice(Math.min(index, roles.length), 0, role);
  const keys = used(
    known,
    roles.flatMap(({ keyIds }) => keyIds),
  );
  return { keys, roles, succinctRoles: null, unrecognized: after.unrecognized };
}

/** `null`: not bins on all three sides. */
function rebasedBins(before: Delegations, after: Delegations, head: Delegations): SuccinctRoles | null {
  const [was, proposed, is] = [before.succinctRoles, after.succinctRoles, head.succinctRoles];
  if (was === null || proposed === null || is === null) return null;
  return { ...is, ...mergedKeys(was, proposed, is) };
}

function used(known: ReadonlyMap<KeyId, Key>, ids: readonly KeyId[]): ReadonlyMap<KeyId, Key> {
  return new Map([...known].filter(([id]) => ids.includes(id)));
}

function sameRole(a: DelegatedRole, b: DelegatedRole, before: Delegations, after: Delegations): boolean {
  const of = (role: DelegatedRole, keys: ReadonlyMap<KeyId, Key>): JsonOutput => [
    role.threshold,
    role.keyIds.toSorted().map((id) => {
      const key = keys.get(id);
      return key === undefined ? id : [id, keyToJson(key)];
    }),
    role.terminating,
    role.paths,
    role.pathHashPrefixes,
    role.unrecognized,
  ];
  return same(of(a, before.keys), of(b, after.keys));
}

function same(a: JsonOutput, b: JsonOutput): boolean {
  return Buffer.compare(canonicalJson(a), canonicalJson(b)) === 0;
}
