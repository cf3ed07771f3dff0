import { read, type Storage } from '@ragnos/storage';
import {
  defaultLimits,
  parseMetadata,
  repositoryId,
  roleName,
  UnsignedMetadataError,
  VaultError,
  verifyThreshold,
  type Delegations,
  type Metadata,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import { checkContent, checkPath, hashOf, isSame, storedContent, type Delegator } from './bring-targets.ts';
import { DoorError } from './door-errors.ts';
import { PublishError } from './errors.ts';
import { incomingIn, incomingSets } from './incoming.ts';
import { metadataKey, targetKey } from './keys.ts';
import { isHandedOver, isOwnSplit } from './own-split.ts';
import { delegatedNames, rootRole, sameDelegations } from './signed.ts';
import type { BringOptions, BroughtRole, CallOptions, Content } from './types.ts';
import type { Located, Workspace } from './workspace.ts';

/** Versions other than root's may have gaps; a jump to 2³¹−1 would end the role. */
const versionsAhead = 16;
const day = 24 * 60 * 60;
const defaultMaxLife = 400 * day;

export interface DoorOptions extends CallOptions {
  readonly storage: Storage;
  readonly mutable: (path: string) => boolean;
}

/**
 * Takes a role that was signed elsewhere into the draft, exactly as it is, after every check of the door that the metadata
 * itself allows. Roles that split another one (bins) are brought one by one, before or after what delegates to them.
 * @throws DoorError
 */
export async function bring(
  workspace: Workspace,
  raw: string,
  bytes: Uint8Array,
  contents: ReadonlyMap<string, Content>,
  door: DoorOptions & BringOptions,
): Promise<BroughtRole> {
  const file = `${raw}.json`;
  const at = await locate(workspace, raw);
  const metadata = parseHanded(bytes, file);
  const { signed } = metadata;
  const before = await workspace.onHeadOrNull(at);
  const unchanged = before !== null && Buffer.compare(before.bytes, bytes) === 0;
  const same = { role: raw, version: signed.version, added: [], removed: [], signed };
  if (unchanged) return same;
  await checkSignatures(workspace, at, metadata, file);
  checkRepository(workspace, signed, before?.signed ?? null, door.named === true, file);
  checkIncoming(workspace, at, metadata);
  await checkVersion(workspace, at, metadata, bytes, door.storage, file);
  checkExpiry(signed.expires, workspace.now, door.maxLife ?? defaultMaxLife, file);
  const delegates = before?.signed.delegations ?? null;
  const splits = door.split === true && (await isOwnSplit(workspace, at, signed.delegations));
  const handed = door.bins !== undefined && isHandedOver(delegates, signed.delegations, door.bins);
  if (door.newDelegations !== true && !splits && !handed)
    checkDelegations(delegates, signed.delegations, file);
  const old: ReadonlyMap<TargetPath, TargetFile> = before?.signed.targets ?? new Map();
  const above = await delegatorsOf(workspace, at);
  const storeNow = new Date(Math.max(Date.now(), workspace.head.swapped.getTime()));
  const added: TargetPath[] = [];
  for (const [path, target] of signed.targets) {
    const known = old.get(path) ?? door.known?.get(path);
    if (known !== undefined && isSame(known, target)) continue;
    checkPath(at, above, path, signed.delegations);
    if (known !== undefined && !door.mutable(path))
      throw new DoorError(
        'DOOR_IMMUTABLE',
        path,
        `published as ${shown(path, known)}, and now listed as ${shown(path, target)}`,
        {
          hint: 'published paths never change: publish under a new version',
        },
      );
    const key = targetKey(path, hashOf(path, target));
    const handed = contents.get(path);
    if (handed !== undefined) checkContent(handed, path, target);
    const content = handed ?? (await storedContent({ ...door, now: storeNow }, key, path, target));
    if (content !== null) workspace.setContent(key, content);
    added.push(path);
  }
  const changed = added.map((path) => ({
    path,
    sha256: signed.targets.get(path)?.hashes.get('sha256') ?? null,
  }));
  workspace.bring(at, { bytes, signed }, changed);
  if (door.newDelegations === true || splits) await makeNew(workspace, at, signed.delegations);
  const removed = [...old.keys()].filter((path) => !signed.targets.has(path));
  return { ...same, added, removed };
}

/** Roles that are delegated to for the first time: empty, unless they are brought as well. */
async function makeNew(workspace: Workspace, at: Located, delegations: Delegations | null): Promise<void> {
  const before = delegatedNames((await workspace.onHeadOrNull(at))?.signed.delegations ?? null);
  for (const name of delegatedNames(delegations).filter((child) => !before.includes(child))) {
    if (workspace.head.snapshot.signed.meta.has(name))
      throw new DoorError('DOOR_DELEGATIONS', `${name}.json`, 'the name is, or was, in use', {
        hint: 'names are never used twice: take another one',
      });
    workspace.edit({ name, delegator: at.name }, { created: true, delegations: null });
  }
}

async function locate(workspace: Workspace, raw: string): Promise<Located> {
  const found = await workspace.locate(roleName(raw)).catch((cause: unknown) => {
    if (cause instanceof VaultError) throw new DoorError('DOOR_ROLE', raw, cause.message, { cause });
    throw cause;
  });
  if (found === null)
    throw new DoorError('DOOR_ROLE', raw, 'nobody delegates to this role', {
      hint: 'ragv status shows the roles; a vendor is added with: ragv vendor add',
    });
  return found;
}

/** @throws DoorError DOOR_FORMAT */
export function parseHanded(bytes: Uint8Array, file: string): Metadata<'targets'> {
  try {
    return parseMetadata(bytes, 'targets', defaultLimits, file);
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    throw new DoorError('DOOR_FORMAT', file, withoutName(cause.message, file), { cause });
  }
}

/** A parser names the file that it was given, and the refusal does too. */
function withoutName(message: string, file: string): string {
  const rest = message.startsWith(file) ? message.slice(file.length) : '';
  return /^(?:: |\.)./s.test(rest) ? rest.replace(/^(?:: |\.)/, '') : message;
}

/**
 * The same keys may sign for several repositories: what was signed for one is worth nothing in another. Only what is signed
 * says which it is for. `named`: it has to say so; a role that did so before has to in any case.
 */
function checkRepository(
  { head }: Workspace,
  signed: Targets,
  before: Targets | null,
  named: boolean,
  file: string,
): void {
  const own = repositoryId(head.root.signed);
  const said = repositoryId(signed);
  if (own === null || said === own) return;
  const hint = 'sign it for this repository: ragv vendor sign';
  if (said !== null)
    throw new DoorError(
      'DOOR_SIGNATURES',
      file,
      `was signed for another repository (${said.slice(0, 16)}…)`,
      {
        hint,
      },
    );
  if (named || (before !== null && repositoryId(before) === own))
    throw new DoorError('DOOR_SIGNATURES', file, 'does not say which repository it was signed for', { hint });
}

async function checkSignatures(
  workspace: Workspace,
  at: Located,
  metadata: Metadata<'targets'>,
  file: string,
): Promise<void> {
  const { role, keys } = await workspace.keysOf(at);
  try {
    verifyThreshold(metadata, role, keys, `${at.name} as delegated by ${at.delegator}`);
  } catch (cause) {
    if (!(cause instanceof UnsignedMetadataError)) throw cause;
    throw new DoorError('DOOR_SIGNATURES', file, cause.message, {
      cause,
      hint: `keys that may sign it: ${role.keyIds.map((id) => id.slice(0, 12)).join(', ')}`,
    });
  }
}

/**
 * While keys are announced for the role (ADR 10) it carries their signatures too, like everything that is signed here; else
 * clients would refuse it as soon as the root is put. Not the door's refusal: signed as it is, it may be taken later.
 * @throws PublishError SIGNATURES_MISSING
 */
function checkIncoming({ head, now }: Workspace, at: Located, metadata: Metadata<'targets'>): void {
  const announced = incomingIn(head.timestamp.signed, head.root.signed.version, now);
  for (const { role, keys } of incomingSets(announced, at.name))
    try {
      verifyThreshold(metadata, role, keys, `${at.name} under its new keys`);
    } catch (cause) {
      if (!(cause instanceof UnsignedMetadataError)) throw cause;
      throw new PublishError('SIGNATURES_MISSING', cause.message, {
        cause,
        hint: 'its keys are being replaced: sign it with the new ones too, or try again in ten minutes',
      });
    }
}

/** Occupied by the same bytes, it was left behind by a try that did not come to its end. */
async function checkVersion(
  workspace: Workspace,
  at: Located,
  { signed }: Metadata<'targets'>,
  bytes: Uint8Array,
  storage: Storage,
  file: string,
): Promise<void> {
  const head = workspace.head.snapshot.signed.meta.get(at.name)?.version ?? 0;
  const { version } = signed;
  if (version <= head || version > head + versionsAhead)
    throw new DoorError(
      'DOOR_VERSION',
      file,
      `version ${version}, and the repository is at ${head}: it takes ${head + 1} to ${head + versionsAhead}`,
      { hint: 'sign it anew on the newest state of the repository' },
    );
  const found = await read(storage, metadataKey(at.name, version), {
    maxLength: defaultLimits.targetsMaxLength,
  });
  if (found !== null && Buffer.compare(found.bytes, bytes) !== 0)
    throw new DoorError('DOOR_VERSION', file, `version ${version} was handed in before with other content`, {
      hint: `sign it as version ${version + 1}; whoever signed two contents as one version should know why`,
    });
}

function checkExpiry(expires: Date, now: Date, maxLife: number, file: string): void {
  const left = (expires.getTime() - now.getTime()) / 1000;
  if (left <= 0)
    throw new DoorError('DOOR_EXPIRY', file, `expired at ${expires.toISOString()}`, { hint: 'sign it anew' });
  if (left > maxLife)
    throw new DoorError(
      'DOOR_EXPIRY',
      file,
      `expires in ${Math.ceil(left / day)} days; at most ${Math.floor(maxLife / day)} are allowed`,
      { hint: 'sign it with an earlier expiry' },
    );
}

/** Without the member, or with an empty one, as python-tuf writes it. */
function delegatesToNobody(delegations: Delegations | null): boolean {
  return (
    delegations === null || (delegations.succinctRoles === null && (delegations.roles ?? []).length === 0)
  );
}

function checkDelegations(before: Delegations | null, after: Delegations | null, file: string): void {
  const none = delegatesToNobody(before) && delegatesToNobody(after);
  if (!none && !sameDelegations(before, after))
    throw new DoorError('DOOR_DELEGATIONS', file, 'delegates to others than before', {
      hint: 'a change of delegations is made by the operator: ragv vendor rotate, ragv vendor split',
    });
}

/** From the role's own delegator up to targets. */
async function delegatorsOf(workspace: Workspace, at: Located): Promise<readonly Delegator[]> {
  const above: Delegator[] = [];
  for (let child = at; child.delegator !== rootRole;) {
    const parent = await locate(workspace, child.delegator);
    above.push({ ...parent, child, delegations: await workspace.delegations(parent) });
    child = parent;
  }
  return above;
}

function shown(path: string, file: TargetFile): string {
  return `${file.length} bytes, sha256 ${hashOf(path, file)}`;
}
