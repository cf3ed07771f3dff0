import type { Context } from '../command.ts';
import { readCatalog } from '../door/admit.ts';
import { usageOf } from '../door/limits.ts';
import { bytes, count, table } from '../text.ts';
import { vendorRole } from '../vault/layout.ts';
import { openVault } from '../vault/vault.ts';
import { readPolicy, vendorsIn } from '../vendor/vault-vendors.ts';
import { defaultVendorRules } from '@ragnos/plugin';

/** Every vendor: its keys, what it may do, what it has done. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const vault = await openVault(context);
  try {
    const status = await vault.repository.status({ signal });
    const known = vendorsIn(status);
    const vendors = await vault.repository.inspect(
      async (draft) => {
        const policy = await readPolicy(draft);
        return Promise.all(
          known.map(async (vendor) => {
            const role = status.roles.find((item) => item.role === vendorRole(vendor));
            const catalog = await readCatalog(draft, vendor);
            const rules = policy.get(vendor) ?? defaultVendorRules;
            return {
              vendor,
              suspended: catalog.suspended,
              keyIds: role?.keyIds ?? [],
              threshold: role?.threshold ?? 0,
              version: role?.version ?? 0,
              expires: role?.expires ?? null,
              plugins: catalog.plugins.size,
              ...rules,
              usage: usageOf(catalog, draft.now),
            };
          }),
        );
      },
      { signal },
    );
    voice.answer(
      { vendors },
      table(
        vendors.map(({ vendor, suspended, keyIds, threshold, plugins, limits, requires, usage, expires }) => [
          vendor,
          suspended ? 'SUSPENDED' : 'active',
          `${threshold} of ${count(keyIds.length, 'key')}`,
          count(plugins, 'plugin'),
          `${bytes(usage.totalBytes)} of ${bytes(limits.totalBytes)}`,
          `${usage.publishesLastHour} of ${limits.publishesPerHour} an hour`,
          `until ${expires?.toISOString().slice(0, 10) ?? '?'}`,
          requires.length === 0 ? '' : `needs ${requires.join(', ')}`,
        ]),
      ),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
