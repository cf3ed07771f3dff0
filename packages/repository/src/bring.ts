import { read, StorageError, type Storage } from '@ragnos/storage';
import {
  defaultLimits,
  parseMetadata,
  roleName,
  rolesForTarget,
  UnsignedMetadataError,
  VaultError,
  verifyThreshold,
  type Delegations,
  type Metadata,
  type RoleKeys,
  type TargetFile,
  type TargetPath,
} from '@ragnos/tuf';
import { isSplit } from './bins.ts';
import { DoorError } from './door-errors.ts';
import { metadataKey, targetKey, unfetchable } from './keys.ts';
import { delegatedNames, rootRole, sameDelegations, sha256 } from './signed.ts';
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
  await checkVersion(workspace, at, metadata, bytes, door.storage, file);
  checkExpiry(signed.expires, workspace.now, door.maxLife ?? defaultMaxLife, file);
  const delegates = before?.signed.delegations ?? null;
  const splits = door.split === true && (await isOwnSplit(workspace, at, signed.delegations));
  if (door.newDelegations !== true && !splits) checkDelegations(delegates, signed.delegations, file);
  const old: ReadonlyMap<TargetPath, TargetFile> = before?.signed.targets ?? new Map();
  const above = await delegatorsOf(workspace, at);
  const added: TargetPath[] = [];
  for (const [path, target] of signed.targets) {
    const known = old.get(path) ?? door.known?.get(path);
    if (known !== undefined && isSame(known, target)) continue;
    checkPath(at, above, path, signed.delegations);
    if (known !== undefined && !door.mutable(path))
      throw new DoorError(
        'DOOR_IMMUTABLE',
        path,
        `published as sha256 ${hashOf(path, known)}, and now listed with ${hashOf(path, target)}`,
        {
          hint: 'published paths never change: publish under a new version',
        },
      );
    const key = targetKey(path, hashOf(path, target));
    const content = contents.get(path);
    if (content === undefined) await checkStored(door, key, path, target);
    else {
      checkContent(content, path, target);
      workspace.setContent(key, content);
    }
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

/** Whether `delegations` do nothing but split the role by hash, under the very keys and threshold that the role itself has. */
async function isOwnSplit(
  workspace: Workspace,
  at: Located,
  delegations: Delegations | null,
): Promise<boolean> {
  if (delegations === null || !isSplit(delegations)) return false;
  const { role, keys } = await workspace.keysOf(at);
  const { succinctRoles, roles } = delegations;
  const same = ({ keyIds, threshold }: RoleKeys): boolean =>
    threshold === role.threshold && [...keyIds].toSorted().join() === [...role.keyIds].toSorted().join();
  const sameKeys = [...delegations.keys].every(([id, key]) => key.public === keys.get(id)?.public);
  const named = delegatedNames(delegations).every((name) => isBinName(at.name, name));
  return sameKeys && named && (succinctRoles === null ? (roles ?? []).every(same) : same(succinctRoles));
}

/** `vendor.acme-3f`; after it was split anew `vendor.acme.10-3ff`. */
export function isBinName(role: string, name: string): boolean {
  return name.startsWith(role) && /^(?:\.\d{1,2})*-[0-9a-f]+$/.test(name.slice(role.length));
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
    throw new DoorError('DOOR_FORMAT', file, cause.message, { cause });
  }
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

function checkDelegations(before: Delegations | null, after: Delegations | null, file: string): void {
  const none = after !== null && after.succinctRoles === null && (after.roles ?? []).length === 0; // as python-tuf writes it
  if (!sameDelegations(before, after) && !(before === null && none))
    throw new DoorError('DOOR_DELEGATIONS', file, 'delegates to others than before', {
      hint: 'a change of delegations is made by the operator: ragv vendor rotate, ragv vendor split',
    });
}

interface Delegator extends Located {
  /** The role below it, on the way down to the one that is brought. */
  readonly child: Located;
  readonly delegations: Delegations | null;
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

/** The first role that each delegator trusts with the path has to be the one below, or a client would look elsewhere. */
function checkPath(
  at: Located,
  above: readonly Delegator[],
  path: TargetPath,
  own: Delegations | null,
): void {
  if (isSplit(own))
    throw new DoorError('DOOR_PATHS', path, `${at.name} is split into bins, which alone hold targets`);
  for (const { name, child, delegations } of above) {
    const first = delegations === null ? undefined : rolesForTarget(delegations, path)[0];
    if (first?.name !== child.name)
      throw new DoorError('DOOR_PATHS', path, `${name} does not delegate it to ${child.name}`, {
        hint: 'ragv vendor list shows the paths of each vendor',
      });
  }
  if (unfetchable.test(path))
    throw new DoorError('DOOR_PATHS', path, 'no other client asks for a name with % or #');
}

async function checkStored(
  { storage, signal }: DoorOptions,
  key: ReturnType<typeof targetKey>,
  path: TargetPath,
  target: TargetFile,
): Promise<void> {
  const info = await storage.head(key, { signal }).catch((error: unknown) => {
    if (error instanceof StorageError && error.code === 'STORAGE_BAD_KEY') return null;
    throw error;
  });
  if (info === null)
    throw new DoorError('DOOR_TARGETS', path, 'listed, but neither handed in nor in the store', {
      hint: 'hand it in with the signed role',
    });
  if (info.size !== target.length)
    throw new DoorError(
      'DOOR_TARGETS',
      path,
      `listed with ${target.length} bytes; the stored file has ${info.size}`,
    );
}

/** That a file on disk has the digest it claims is checked while it is stored. */
function checkContent(content: Content, path: TargetPath, target: TargetFile): void {
  const digest = content instanceof Uint8Array ? sha256(content) : content.sha256;
  if (content.length !== target.length || digest !== hashOf(path, target))
    throw new DoorError(
      'DOOR_TARGETS',
      path,
      `listed as ${target.length} bytes, sha256 ${hashOf(path, target)}; handed in were ${content.length} bytes, sha256 ${digest}`,
    );
}

function hashOf(path: string, target: TargetFile) {
  const digest = target.hashes.get('sha256');
  if (digest === undefined || target.hashes.size > 1)
    throw new DoorError('DOOR_TARGETS', path, 'listed with other hashes than sha256 alone', {
      hint: 'clients look for the file under the first hash: list sha256 only',
    });
  return digest;
}

function isSame(a: TargetFile, b: TargetFile): boolean {
  return a.length === b.length && a.hashes.get('sha256') === b.hashes.get('sha256') && b.hashes.size === 1;
}
