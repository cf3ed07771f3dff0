import { OfflineError } from '@ragnos/client';
import { writeFileAtomic } from '@ragnos/disk';
import { join } from 'node:path';

import { FormatError } from '../errors.ts';
import { catalogLoss, parseCatalog, type Catalog } from '../formats/catalog.ts';
import type { VendorName } from '../names.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostPolicyError, HostUntrustedError } from './errors.ts';
import { ensureFolder, knownFolder } from './paths.ts';
import type { Session } from './session.ts';
import { readSmall } from './session.ts';
import { readBytes } from './state-file.ts';

interface Options {
  /** Makes it what the host knows; the lock is held then. */
  readonly remember: boolean;
  readonly signal: AbortSignal | undefined;
}

function catalogFile(context: Context, vendor: VendorName): string {
  return join(context.paths.known, knownFolder(vendor), 'catalog.json');
}

/** What the door said of a vendor when this host looked last; `null` = it never saw any. @throws HOST_STATE */
export async function knownCatalog(context: Context, vendor: VendorName): Promise<Catalog | null> {
  const file = catalogFile(context, vendor);
  const bytes = await readBytes(file, context.limits.catalogMaxLength);
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

/**
 * What the door says of a vendor now, which must hold all that this host has seen of it (decision 5): first-seen times and
 * owners are what policies count on. `null` = this repository keeps no catalog of it. Offline it is as it was known.
 * @throws CATALOG_LOST
 */
export async function readCatalog(
  context: Context,
  session: Session,
  vendor: VendorName,
  options: Options,
): Promise<Catalog | null> {
  const read = session.catalogs.get(vendor) ?? catalogOrKnown(context, session, vendor, options);
  session.catalogs.set(vendor, read); // every plugin of the vendor asks for it
  return read;
}

async function catalogOrKnown(
  context: Context,
  session: Session,
  vendor: VendorName,
  options: Options,
): Promise<Catalog | null> {
  try {
    return await catalogNow(context, session, vendor, options);
  } catch (error) {
    if (error instanceof OfflineError) return knownCatalog(context, vendor);
    throw error;
  }
}

async function catalogNow(
  context: Context,
  session: Session,
  vendor: VendorName,
  { remember, signal }: Options,
): Promise<Catalog | null> {
  const file = catalogFile(context, vendor);
  const maxLength = context.limits.catalogMaxLength;
  const seen = (await readBytes(file, maxLength)) !== null;
  const known = await knownCatalog(context, vendor).catch((error: unknown) => {
    if (error instanceof HostFailureError && !context.offline) return null; // read anew just below, or refused
    throw error;
  });
  const path = `catalog/${vendor}.json`;
  const lost = (what: string): HostUntrustedError =>
    new HostUntrustedError('CATALOG_LOST', `${path} ${what}`, {
      hint: 'nothing was installed; a catalog only grows: ask the operator of the repository',
    });
  const info = await session.updater.find(path, { signal });
  if (info === null) {
    if (seen) throw lost('is gone, and this host has seen it');
    return null;
  }
  const { bytes, kept } = await readSmall(context, session.updater, info, file, { maxLength, signal });
  const next = parseCatalog(bytes);
  if (next.vendor !== vendor)
    throw new HostUntrustedError('IDENTITY_MISMATCH', `${path} speaks of ${next.vendor}`);
  const loss = known === null ? null : catalogLoss(known, next);
  if (loss !== null) throw lost(loss);
  if (remember && !context.offline && !kept) {
    ensureFolder(context.paths.folder, 'known', knownFolder(vendor));
    await writeFileAtomic(file, bytes, { mode: 0o600 });
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
