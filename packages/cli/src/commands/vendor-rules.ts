import { defaultVendorRules } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { openVault } from '../vault/vault.ts';
import { readPolicy, requireVendor, rulesFrom, writeRules } from '../vendor/vault-vendors.ts';

/** Changes what the door demands of a vendor and takes from it; signed by the keys of policy. */
export async function run(context: Context): Promise<number> {
  const { voice, signal } = context;
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    const before = await vault.repository.inspect(
      async (draft) => (await readPolicy(draft)).get(vendor) ?? defaultVendorRules,
      { signal },
    );
    const rules = rulesFrom(context, before);
    const result = context.dryRun
      ? null
      : await publishOrEvent(
          vault,
          {
            change: async (draft) => writeRules(draft, vendor, rules),
            reason: `other rules for the vendor ${vendor}`,
            confirm: [`This changes the rules of ${vendor}`, vendor],
          },
          context,
        );
    if (typeof result === 'number') return result;
    voice.answer({ vendor, ...rules, dryRun: context.dryRun, timestamp: result?.version ?? null }, [
      `${vendor}: at most ${rules.limits.artifactBytes} bytes a file, ${rules.limits.totalBytes} in all, ${rules.limits.publishesPerHour} publishes an hour, ${rules.limits.versions} versions of a plugin, ${rules.maxLifeDays} days to expiry`,
      rules.requires.length === 0 ? 'no gate is required' : `required: ${rules.requires.join(', ')}`,
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}
