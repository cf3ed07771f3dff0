import { existsSync } from 'node:fs';
import { listTrusted, openHost, type HostOptions } from '@ragnos/plugin';
import { finding, type Finding } from '@ragnos/repository';
import { VaultError } from '@ragnos/tuf';

/** What is installed on this computer and would not be started, as far as it knows: nobody is asked. */
export async function refusedHere(
  { home, policy }: Pick<HostOptions, 'home' | 'policy'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (!existsSync(home)) return [];
  const found: Finding[] = [];
  for (const { alias } of await listTrusted({ home }))
    try {
      const host = await openHost({ home, alias, offline: true, policy });
      for (const { refused } of (await host.status({ signal })).plugins)
        if (refused !== null)
          found.push(
            finding('plugin-refused', `${alias}: ${refused.message}`, refused.hint ?? 'ragv status'),
          );
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      found.push(finding('plugin-refused', `${alias}: ${error.message}`, error.hint ?? 'ragv status'));
    }
  return found;
}
