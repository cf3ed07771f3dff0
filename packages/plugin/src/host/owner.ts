import { OfflineError, type TargetInfo } from '@ragnos/client';
import { delegatedKeys, repositoryId, roleName, type TrustedMetadataSet } from '@ragnos/tuf';
import { join } from 'node:path';

import { isSuccession, ownIds, sameIds, type KnownOwner } from '../formats/owners.ts';
import type { PluginSpec, VendorName } from '../names.ts';
import { pluginPath } from '../names.ts';
import { readCatalog, refuseSuspended } from './catalog.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostPolicyError } from './errors.ts';
import { ensureFolder, knownFolder } from './paths.ts';
import { lockedOwners } from './project-lock.ts';
import type { Session } from './session.ts';
import { readState, writeState } from './state-file.ts';

const format = 'ragnos-owner/1';
const [rootRole, targetsRole] = [roleName('root'), roleName('targets')];

export interface VendorNow {
  /** Whom this host and the project hold for the vendor's owner from now on; `null` = there was nobody to ask. */
  readonly owner: KnownOwner | null;
  /** That it changed, for whoever installs. */
  readonly notes: readonly string[];
}

interface Options {
  /** Take another owner of the vendor for its owner, whoever signed that. */
  readonly accept: boolean;
  /** Makes what is seen what the host knows; the lock is held then. */
  readonly remember: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Whether anything of the plugin's vendor may be installed: it is not suspended, and its keys are those that this host and
 * this project know, or were handed over to by them (decision 6). Asked before an index is believed or remembered.
 * @throws SUSPENDED, OWNER_CHANGED, CATALOG_LOST
 */
export async function checkVendor(
  context: Context,
  session: Session,
  plugin: Pick<PluginSpec, 'vendor' | 'plugin'>,
  options: Options,
): Promise<VendorNow> {
  const { vendor } = plugin;
  const catalog = await readCatalog(context, session, vendor, options);
  if (options.remember) context.step('catalog');
  refuseSuspended(vendor, catalog);
  const info = await indexInfo(session, plugin, options.signal);
  if (info === null) return { owner: null, notes: [] };
  const now = signersOf(session.updater.trusted, vendor, info);
  const own = await knownOwner(context, vendor, options.accept);
  const known = [...(own === null ? [] : [own]), ...(await lockedOwners(context, vendor))];
  const id = repositoryId(session.updater.trusted.root);
  const owners = id === null ? [] : (catalog?.owners ?? []);
  const held = known.find((owner) => !isSuccession(id ?? '', vendor, owners, owner, now.keyIds));
  if (held !== undefined && !options.accept) throw ownerChanged(plugin, held, now, owners.length > 0);
  const same = known.filter(({ keyIds }) => sameIds(keyIds, now.keyIds));
  // A threshold that was lowered above the vendor's head is no bar to installing, and none to be forgotten.
  const threshold = Math.max(now.threshold, ...same.map((owner) => owner.threshold ?? 0));
  const owner = { keyIds: now.keyIds, threshold };
  if (options.remember) {
    await remember(context, vendor, own, owner);
    context.step('owner');
  }
  const [before] = known.filter((one) => !same.includes(one));
  if (before === undefined) return { owner, notes: [] };
  const how = held === undefined ? 'handed over by the keys before' : 'accepted here as a new owner';
  const note = `${vendor} signs with ${idsText(now)} instead of ${idsText(before)}: ${how}`;
  if (options.remember)
    context.events.change(held === undefined ? 'OWNER_HANDED_OVER' : 'OWNER_ACCEPTED', note, vendor);
  return { owner, notes: [note] };
}

function ownerChanged(
  { vendor, plugin }: Pick<PluginSpec, 'vendor' | 'plugin'>,
  known: KnownOwner,
  now: KnownOwner,
  told: boolean,
): HostPolicyError {
  const why = told
    ? 'and the keys before did not hand over to them'
    : 'and the repository does not tell who handed over to them';
  return new HostPolicyError(
    'OWNER_CHANGED',
    `the vendor ${vendor} signs with ${idsText(now)}, known here is ${idsText(known)}, ${why}`,
    {
      hint: `ask ${vendor} whether these keys are its own; if so: ragv install ${vendor}/${plugin} --accept-owner ${vendor}`,
    },
  );
}

/** Enough of each id to compare it with what the vendor says. */
function idsText({ keyIds }: KnownOwner): string {
  const some = keyIds.slice(0, 5).map((id) => id.slice(0, 16));
  const more = keyIds.length > some.length ? [`${keyIds.length - some.length} more`] : [];
  const all = [...some, ...more];
  return all.length === 0 ? 'no key' : `key ${all.join(', ')}`;
}

/** `null` = the repository has no such plugin, or offline nobody can say who signs for it. */
async function indexInfo(
  session: Session,
  { vendor, plugin }: Pick<PluginSpec, 'vendor' | 'plugin'>,
  signal: AbortSignal | undefined,
): Promise<TargetInfo | null> {
  try {
    return await session.updater.find(pluginPath(vendor, plugin, 'index.json'), { signal });
  } catch (error) {
    if (error instanceof OfflineError) return null;
    throw error;
  }
}

/**
 * Who signs for the vendor: the keys that its role is delegated to, whatever it splits itself into below; where another role
 * lists its files, that one's. By the ids that the keys have by themselves, since a repository may call any key by any id.
 */
export function signersOf(
  trusted: TrustedMetadataSet,
  vendor: VendorName,
  { via }: Pick<TargetInfo, 'via'>,
): KnownOwner & { readonly threshold: number } {
  const named = via.indexOf(roleName(`vendor.${vendor}`));
  const at = named > 0 ? named : via.length - 1;
  const [role = targetsRole, delegator = rootRole, above = rootRole] = [via[at], via[at - 1], via[at - 2]];
  const from = delegator === rootRole ? null : trusted.delegationsOf(delegator, above);
  const signedBy = from === null ? trusted.root.roles.get('targets') : delegatedKeys(from, role);
  const keyIds = ownIds(signedBy?.keyIds ?? [], from?.keys ?? trusted.root.keys);
  return { keyIds, threshold: signedBy?.threshold ?? 0 };
}

function ownerFile(context: Context, vendor: VendorName): string {
  return join(context.paths.known, knownFolder(vendor), 'owner.json');
}

/** `null` = this host never installed anything of the vendor, or what it knew is damaged and about to be replaced. */
async function knownOwner(
  context: Context,
  vendor: VendorName,
  replacing: boolean,
): Promise<KnownOwner | null> {
  try {
    return await readState(ownerFile(context, vendor), (json) => {
      if (json.string('format') !== format) json.fail('format', format);
      return { keyIds: json.strings('keyIds'), threshold: json.integer('threshold', 0) };
    });
  } catch (cause) {
    if (!(cause instanceof HostFailureError)) throw cause;
    if (replacing) return null;
    throw new HostFailureError('HOST_STATE', cause.message, {
      cause,
      hint: `restore it from a backup, or accept whoever signs for ${vendor} now: --accept-owner ${vendor}`,
    });
  }
}

async function remember(
  context: Context,
  vendor: VendorName,
  own: KnownOwner | null,
  now: KnownOwner & { readonly threshold: number },
): Promise<void> {
  if (own !== null && own.threshold === now.threshold && sameIds(own.keyIds, now.keyIds)) return;
  ensureFolder(context.paths.folder, 'known', knownFolder(vendor));
  await writeState(ownerFile(context, vendor), { format, keyIds: now.keyIds, threshold: now.threshold });
}
