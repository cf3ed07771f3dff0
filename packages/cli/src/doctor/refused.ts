import { existsSync } from 'node:fs';
import { listTrusted, openHost } from '@ragnos/plugin';
import { finding, type Finding } from '@ragnos/repository';
import { VaultError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { homeFolder, policyFile } from '../host.ts';

/** What is installed on this computer and would not be started, as far as it knows: nobody is asked. */
export async function refusedHere(context: Context): Promise<readonly Finding[]> {
  const home = homeFolder(context);
  if (!existsSync(home)) return [];
  const found: Finding[] = [];
  for (const { alias } of await listTrusted({ home }))
    try {
      const host = await openHost({ home, alias, offline: true, policy: policyFile(context) });
      for (const { refused } of (await host.status({ signal: context.signal })).plugins)
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
