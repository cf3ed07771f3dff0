import { setTimeout as wait } from 'node:timers/promises';

import type { PluginManifest } from '../formats/manifest.ts';
import { Handle } from '../load/handle.ts';
import { commandProgram } from '../load/mcp/command.ts';
import { startPlugin } from '../load/start.ts';
import type { Context } from './context.ts';

const momentMs = 1_000;
const lastWords = 300;

/**
 * Starts what is installed now, confined as ever, and ends it again. A module lives if it loads; a server if it still runs
 * after a moment, or has ended well; another command, which may want arguments, if nothing but itself has ended it.
 * @throws Error, with why it does not live
 */
export async function startForAMoment(
  context: Context,
  { manifest, signal }: { readonly manifest: PluginManifest; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const spec = { vendor: manifest.vendor, plugin: manifest.plugin, wanted: null };
  const isNode = manifest.runtime === undefined || manifest.runtime === 'node';
  if (manifest.entry.main !== null && manifest.kind !== 'mcp' && isNode) {
    const handle = new Handle(context, spec, { restart: null, repair: false, onGone: () => undefined });
    await handle.start(signal);
    await handle.close();
    return;
  }
  const { process: confined } = await startPlugin(context, spec, commandProgram, {
    signal,
    repair: false,
    workFolder: context.project,
  });
  let said = '';
  confined.stdout.resume();
  confined.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-lastWords)));
  const over = new AbortController();
  try {
    const moment = wait(momentMs, null, { signal: over.signal }).catch(() => null);
    const exit = await Promise.race([confined.exited, moment]);
    if (exit === null || exit.code === 0) return;
    if (manifest.kind !== 'mcp' && exit.signal === null && exit.code !== null) return;
    const words = said.replace(/\s+/g, ' ').trim();
    throw new Error(
      `it ended at once, ${exit.signal ?? `with code ${exit.code}`}${words === '' ? '' : `: ${words}`}`,
    );
  } finally {
    over.abort();
    await confined.stop({ graceMs: 0 });
  }
}
