import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  sayInstalled(context.voice, [
    await host.rollback(context.args[0] ?? '', { dryRun: context.dryRun, signal: context.signal }),
  ]);
  return;
}
