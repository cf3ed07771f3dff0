import { ruleWords, serializeOrganisationPolicy, type PolicySource } from '@ragnos/plugin';
import { parseJson } from '@ragnos/tuf';
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
  context.voice.answer({ policies: policies.map(asFile) }, lines);
  if (policies.length === 0) context.voice.note('no policy is in force; see docs/policy.md');
  return;
}

/** In the words of a policy's file. */
function asFile({ from, signed, policy }: PolicySource): object {
  return { from, signed, policy: parseJson(serializeOrganisationPolicy(policy), from) };
}
