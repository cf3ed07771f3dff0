import { ruleWords } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

/** As far as this host knows; `ragv status` refreshes. */
export async function run(context: Context): Promise<undefined> {
  const policies = await (await hostFor(context)).policies();
  const lines = policies.flatMap(({ from, policy: { vendors, rules } }) => [
    from,
    ...(vendors === null ? [] : [`  vendors: only ${vendors.join(', ') || 'none'}`]),
    ...rules.map((rule, index) => `  rules[${index}] ${ruleWords(rule)}`),
  ]);
  context.voice.answer({ policies }, lines);
  if (policies.length === 0) context.voice.note('no policy is in force; see docs/policy.md');
  return;
}
