import type { Catalog, SeenDigests } from '../formats/catalog.ts';
import type { IndexEntry, PluginIndex } from '../formats/plugin-index.ts';
import type { PluginSpec, PluginVersion } from '../names.ts';
import { pluginPath } from '../names.ts';
import {
  knownCatalog,
  knownPluginCatalog,
  readCatalog,
  readPluginCatalog,
  type CatalogOptions,
} from './catalog.ts';
import type { Context } from './context.ts';
import { HostUntrustedError } from './errors.ts';
import type { Session } from './session.ts';

export interface Seen {
  readonly digests: SeenDigests;
  /** The digest that the door saw under each path. */
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * The digests that the door has seen of a plugin, and when. It writes them in the commit of the version itself, under a key
 * that no vendor has: a version that is not among them came by another way. `null` = there is nothing to hold an index
 * against: this door wrote no file of the vendor down yet (a repository of an early version, or of another tool), or offline this
 * host never saw it.
 * @throws CATALOG_LOST
 */
export async function readSeen(
  context: Context,
  session: Session,
  plugin: Pick<PluginSpec, 'vendor' | 'plugin'>,
  options: CatalogOptions,
): Promise<Seen | null> {
  const own = await readPluginCatalog(context, session, plugin, options);
  const vendor = await readCatalog(context, session, plugin.vendor, options);
  if (own === null && (context.offline || vendor === null || vendor.totals.files === 0)) return null;
  return together(vendor, own);
}

/** The same as this host saw it last, for what is decided without a refresh. @throws HOST_STATE */
export async function knownSeen(
  context: Context,
  plugin: Pick<PluginSpec, 'vendor' | 'plugin'>,
): Promise<Seen | null> {
  const own = await knownPluginCatalog(context, plugin);
  return own === null ? null : together(await knownCatalog(context, plugin.vendor), own);
}

function together(vendor: Catalog | null, own: Catalog | null): Seen {
  const digests = new Map([...(vendor?.digests ?? []), ...(own?.digests ?? [])]); // early versions kept them with the vendor
  return { digests, paths: new Map([...digests].map(([digest, { path }]) => [path, digest])) };
}

/** Why the door cannot have published this version; `null` = it did, or there is nothing to hold it against. */
export function unseen(
  seen: Seen | null,
  { vendor, plugin }: Pick<PluginIndex, 'vendor' | 'plugin'>,
  { version, entry }: { readonly version: PluginVersion; readonly entry: IndexEntry },
): HostUntrustedError | null {
  if (seen === null) return null;
  const what = `${vendor}/${plugin}@${version}`;
  for (const part of ['manifest', 'artifact'] as const) {
    const { name, sha256 } = entry[part];
    const before = seen.paths.get(pluginPath(vendor, plugin, name));
    if (before !== undefined && before !== sha256)
      return new HostUntrustedError(
        'PATH_REDEFINED',
        `${what}: the door saw its ${part} as sha256 ${before}, and the index says ${sha256}`,
        { hint: 'nothing was installed; a published version never changes: tell the operator' },
      );
    if (!seen.digests.has(sha256))
      return new HostUntrustedError(
        'NEVER_SEEN',
        `${what}: the door never saw its ${part}, sha256 ${sha256}`,
        {
          hint: `nothing was installed; somebody may be signing as ${vendor} past the door: tell the operator`,
        },
      );
  }
  return null;
}
