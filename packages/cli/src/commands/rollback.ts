import type { Context } from '../command.ts';
import { readAnswer, withConsent } from '../consent.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const { dryRun, signal } = context;
  const given = await readAnswer(context);
  const host = await hostFor(context);
  const spec = context.args[0] ?? '';
  sayInstalled(context.voice, [
    await withConsent(context, given, (grant) => host.rollback(spec, { grant, dryRun, signal })),
  ]);
  return;
}
