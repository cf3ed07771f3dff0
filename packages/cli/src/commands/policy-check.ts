import { HostFailureError, localPolicy, ruleWords, rangeProblems } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';

/** Reads a file as a host would, and says each rule in words. */
export async function run(context: Context): Promise<undefined> {
  const file = context.args[0] ?? '';
  const { policy } = await localPolicy(file).catch((cause: unknown) => {
    if (!(cause instanceof HostFailureError) || cause.code !== 'BAD_POLICY') throw cause;
    throw new HostFailureError('BAD_POLICY', cause.message, {
      cause,
      hint: 'docs/policy.md says what a rule may hold',
    });
  });
  const [problem] = await rangeProblems(policy);
  if (problem !== undefined) throw new CliError('USAGE', `${file}: ${problem}`);
  context.voice.answer({ file, policy }, [
    ...(policy.vendors === null ? [] : [`vendors: only ${policy.vendors.join(', ') || 'none'}`]),
    ...policy.rules.map((rule, index) => `rules[${index}] ${ruleWords(rule)}`),
    `${file} is a policy of ${policy.rules.length} ${policy.rules.length === 1 ? 'rule' : 'rules'}`,
  ]);
  return;
}
