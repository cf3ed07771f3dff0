import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, dryRun, signal } = context;
  const spec = context.args[0] ?? '';
  const host = await hostFor(context);
  if (dryRun) await host.grants(spec);
  else await host.withdraw(spec, { signal });
  voice.answer({ plugin: spec, dryRun }, [
    `${dryRun ? 'would take back' : 'took back'} what was agreed to for ${spec}: it is not started until somebody agrees anew`,
  ]);
  return;
}
