import { OfflineError } from '@ragnos/client';
import { writeFileAtomic } from '@ragnos/disk';
import { join } from 'node:path';

import { FormatError } from '../errors.ts';
import { catalogLoss, parseCatalog, type Catalog } from '../formats/catalog.ts';
import type { PluginSpec, VendorName } from '../names.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostPolicyError, HostUntrustedError } from './errors.ts';
import { ensureFolder, knownFolder } from './paths.ts';
import type { Session } from './session.ts';
import { readSmall } from './session.ts';
import { readBytes } from './state-file.ts';

export interface CatalogOptions {
  /** Makes it what the host knows; the lock is held then. */
  readonly remember: boolean;
  readonly signal: AbortSignal | undefined;
}

/** One of the door's files: about a vendor, or about the digests of one plugin. */
interface CatalogFile {
  readonly vendor: VendorName;
  /** In the repository. */
  readonly path: string;
  /** As this host saw it last. */
  readonly copy: string;
}

function ofVendor(context: Context, vendor: VendorName): CatalogFile {
  const copy = join(context.paths.known, knownFolder(vendor), 'catalog.json');
  return { vendor, path: `catalog/${vendor}.json`, copy };
}

function ofPlugin(context: Context, { vendor, plugin }: Plugin): CatalogFile {
  const copy = join(context.paths.known, knownFolder(vendor), `${plugin}.seen.json`);
  return { vendor, path: `catalog/${vendor}~${plugin}.json`, copy };
}

type Plugin = Pick<PluginSpec, 'vendor' | 'plugin'>;

/** What the door said of a vendor when this host looked last; `null` = it never saw any. @throws HOST_STATE */
export function knownCatalog(context: Context, vendor: VendorName): Promise<Catalog | null> {
  return known(context, ofVendor(context, vendor));
}

/** The same of the digests of one plugin. @throws HOST_STATE */
export function knownPluginCatalog(context: Context, plugin: Plugin): Promise<Catalog | null> {
  return known(context, ofPlugin(context, plugin));
}

/**
 * What the door says of a vendor now, which must hold all that this host has seen of it (decision 5): first-seen times and
 * owners are what policies count on. `null` = this repository keeps no catalog of it. Offline it is as it was known.
 * @throws CATALOG_LOST
 */
export function readCatalog(
  context: Context,
  session: Session,
  vendor: VendorName,
  options: CatalogOptions,
): Promise<Catalog | null> {
  return readOnce(context, session, ofVendor(context, vendor), options);
}

/** The same of the digests of one plugin. `null` = the door wrote none down, or offline this host never saw them. */
export function readPluginCatalog(
  context: Context,
  session: Session,
  plugin: Plugin,
  options: CatalogOptions,
): Promise<Catalog | null> {
  return readOnce(context, session, ofPlugin(context, plugin), options);
}

async function readOnce(
  context: Context,
  session: Session,
  file: CatalogFile,
  options: CatalogOptions,
): Promise<Catalog | null> {
  const read = session.catalogs.get(file.path) ?? nowOrKnown(context, session, file, options);
  session.catalogs.set(file.path, read); // every plugin of the vendor asks for it
  return read;
}

async function nowOrKnown(
  context: Context,
  session: Session,
  file: CatalogFile,
  options: CatalogOptions,
): Promise<Catalog | null> {
  try {
    return await catalogNow(context, session, file, options);
  } catch (error) {
    if (error instanceof OfflineError) return known(context, file);
    throw error;
  }
}

async function known(context: Context, { vendor, copy }: CatalogFile): Promise<Catalog | null> {
  const bytes = await readBytes(copy, context.limits.catalogMaxLength);
  try {
    return bytes === null ? null : parseCatalog(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new HostFailureError('HOST_STATE', `what this host knew of the vendor ${vendor} is damaged`, {
      cause,
      hint: 'refresh with a connection: ragv status',
    });
  }
}

async function catalogNow(
  context: Context,
  session: Session,
  file: CatalogFile,
  { remember, signal }: CatalogOptions,
): Promise<Catalog | null> {
  const { vendor, path, copy } = file;
  const maxLength = context.limits.catalogMaxLength;
  const seen = (await readBytes(copy, maxLength)) !== null;
  const before = await known(context, file).catch((error: unknown) => {
    if (error instanceof HostFailureError && !context.offline) return null; // read anew just below, or refused
    throw error;
  });
  const lost = (what: string): HostUntrustedError =>
    new HostUntrustedError('CATALOG_LOST', `${path} ${what}`, {
      hint: 'nothing was installed; a catalog only grows: ask the operator of the repository',
    });
  const info = await session.updater.find(path, { signal });
  if (info === null) {
    if (seen) throw lost('is gone, and this host has seen it');
    return null;
  }
  const { bytes, kept } = await readSmall(context, session.updater, info, copy, { maxLength, signal });
  const next = parseCatalog(bytes);
  if (next.vendor !== vendor)
    throw new HostUntrustedError('IDENTITY_MISMATCH', `${path} speaks of ${next.vendor}`);
  const loss = before === null ? null : catalogLoss(before, next);
  if (loss !== null) throw lost(loss);
  if (remember && !context.offline && !kept) {
    ensureFolder(context.paths.folder, 'known', knownFolder(vendor));
    await writeFileAtomic(copy, bytes, { mode: 0o600 });
  }
  return next;
}

/** Nothing of a suspended vendor is installed; what is installed goes on running. @throws SUSPENDED */
export function refuseSuspended(vendor: VendorName, catalog: Catalog | null): void {
  if (catalog?.suspended !== true) return;
  throw new HostPolicyError('SUSPENDED', `the vendor ${vendor} is suspended by the repository`, {
    hint: 'nothing of it is installed or updated; ask the operator of the repository why',
  });
}
