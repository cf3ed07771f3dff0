import type { HostStatus, PluginStatus } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { exitCodes, exitOfCode } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { duration, table } from '../text.ts';

/** What time servers correct now and then. */
const clockSlackMs = 5 * 60_000;

/**
 * What is installed, and what became of it. Exit code 10 while something yanked or revoked is installed; else, where
 * something would not be started, a vendor is suspended or changed hands, or the repository could not be asked or was not believed, that of the reason: a
 * monitor must not take a freeze for health.
 */
export async function hostStatus(context: Context): Promise<number> {
  const { voice, signal } = context;
  const status = await (await hostFor(context)).status({ signal });
  const { stale, plugins, damaged } = status;
  voice.answer(status, [
    `${status.repository} at ${status.url}: ${freshness(status)}`,
    ...table(
      plugins.map((plugin) => [
        `  ${plugin.vendor}/${plugin.plugin}`,
        plugin.version,
        verdict(plugin, stale === null ? '' : ', as far as was known then'),
      ]),
    ),
    ...damaged.map(
      ({ vendor, plugin, message, code }) => `  ${vendor}/${plugin}  DAMAGED: ${message} [${code}]`,
    ),
  ]);
  if (stale !== null) {
    voice.warn(`${stale.message} [${stale.code}]`);
    if (stale.hint !== null) voice.note(`hint: ${stale.hint}`);
  }
  if (status.clockBehindMs > clockSlackMs)
    voice.warn(
      `the clock of this host is ${duration(status.clockBehindMs)} behind what it was; expiry is judged by the later`,
    );
  const bad = plugins.filter((plugin) => plugin.yanked !== null || plugin.revoked !== null);
  for (const plugin of bad) {
    const name = `${plugin.vendor}/${plugin.plugin}`;
    const next = plugin.newer === null ? (plugin.refused?.hint ?? `ragv info ${name}`) : 'ragv update';
    voice.warn(`${name}@${plugin.version} was taken back; ${next}, ragv rollback or ragv uninstall ${name}`);
  }
  const refused = plugins.flatMap((plugin) => (bad.includes(plugin) ? [] : (plugin.refused ?? [])));
  const held = [...damaged, ...refused, ...plugins.flatMap((plugin) => plugin.held ?? [])];
  for (const hint of new Set(held.flatMap((reason) => reason.hint ?? []))) voice.note(`hint: ${hint}`);
  if (bad.length > 0) return exitCodes.refused[0];
  const [first] = held;
  if (first !== undefined) return exitOfCode(first.code);
  return stale === null ? exitCodes.ok[0] : exitOfCode(stale.code);
}

function freshness({ ageMs, stale }: HostStatus): string {
  const last = ageMs === null ? 'never refreshed' : `refreshed ${duration(ageMs)} ago`;
  return stale === null ? last : `${last}, NOT now`;
}

function verdict(plugin: PluginStatus, then: string): string {
  if (plugin.revoked !== null) return `REVOKED: ${plugin.revoked}`;
  if (plugin.yanked !== null) return `YANKED: ${plugin.yanked.reason}`;
  if (plugin.refused !== null)
    return `REFUSED, would not be started: ${plugin.refused.message} [${plugin.refused.code}]`;
  if (plugin.held !== null) return `HELD: ${plugin.held.message} [${plugin.held.code}]`;
  if (plugin.heldUpdate !== null)
    return `an update is held: ${plugin.heldUpdate.message} [${plugin.heldUpdate.code}]`;
  if (plugin.newer !== null) return `${plugin.newer} is there: ragv update`;
  const range = plugin.wanted === null ? '' : ` within ${plugin.wanted}`;
  const beyond =
    plugin.newest === null || plugin.newest === plugin.version ? '' : `; ${plugin.newest} is there`;
  return `up to date${range}${beyond}${then}`;
}
