import type { HostStatus, PluginStatus } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { duration, table } from '../text.ts';

/** What is installed, and what became of it. Exit code 10 while something yanked or revoked is installed. */
export async function hostStatus(context: Context): Promise<number> {
  const { voice, signal } = context;
  const status = await (await hostFor(context)).status({ signal });
  voice.answer(status, [
    `${status.repository} at ${status.url}: ${freshness(status)}`,
    ...table(
      status.plugins.map((plugin) => [
        `  ${plugin.vendor}/${plugin.plugin}`,
        plugin.version,
        verdict(plugin),
      ]),
    ),
  ]);
  if (status.stale !== null) voice.warn(`${status.stale.message} [${status.stale.code}]`);
  const bad = status.plugins.filter((plugin) => plugin.yanked !== null || plugin.revoked !== null);
  for (const plugin of bad)
    voice.warn(
      `${plugin.vendor}/${plugin.plugin}@${plugin.version} was taken back; ragv update, ragv rollback or ragv uninstall ${plugin.vendor}/${plugin.plugin}`,
    );
  return bad.length === 0 ? 0 : exitCodes.refused[0];
}

function freshness(status: HostStatus): string {
  if (status.ageMs === null) return status.stale === null ? 'never refreshed' : 'could not be refreshed now';
  return `refreshed ${duration(status.ageMs)} ago`;
}

function verdict(plugin: PluginStatus): string {
  if (plugin.revoked !== null) return `REVOKED: ${plugin.revoked}`;
  if (plugin.yanked !== null) return `YANKED: ${plugin.yanked.reason}`;
  return plugin.newer === null ? 'up to date' : `${plugin.newer} is there`;
}
