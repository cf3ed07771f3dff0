import { readFile } from 'node:fs/promises';
import {
  parseOrganisationPolicy,
  rangeProblems,
  ruleWords,
  serializeOrganisationPolicy,
} from '@ragnos/plugin';
import type { Change } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { organisationPolicyPath } from '../door/check-files.ts';
import { CliError } from '../errors.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { openVault } from '../vault/vault.ts';

/** For every host that trusts the repository, from its next refresh on; signed by the keys of policy. */
export async function run(context: Context): Promise<number> {
  const { voice } = context;
  const file = context.args[0] ?? '';
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  const policy = parseOrganisationPolicy(bytes);
  const granting = policy.rules.findIndex(({ grant }) => grant !== null);
  if (granting >= 0)
    throw new CliError(
      'USAGE',
      `${file} rules[${granting}] grants, and a repository cannot agree for a host`,
      {
        hint: 'put such rules into a file of the host: --policy, RAGV_POLICY',
      },
    );
  const [problem] = await rangeProblems(policy);
  if (problem !== undefined) throw new CliError('USAGE', `${file}: ${problem}`);
  const lines = policy.rules.map((rule, index) => `rules[${index}] ${ruleWords(rule)}`);
  const vault = await openVault(context);
  try {
    if (context.dryRun) {
      voice.answer({ policy, dryRun: true }, [...lines, `would publish ${organisationPolicyPath}`]);
      return 0;
    }
    const next = serializeOrganisationPolicy(policy);
    const change: Change = async (draft) => {
      const before = await draft.read(organisationPolicyPath);
      if (before !== null && Buffer.compare(before, next) === 0) return;
      await draft.add(organisationPolicyPath, next);
    };
    const result = await publishOrEvent(
      vault,
      {
        change,
        reason: `the policy of ${file}`,
        confirm: ['This becomes the policy of every host of this repository', 'policy'],
      },
      context,
    );
    if (typeof result === 'number') return result;
    voice.answer({ policy, changed: result.changed, timestamp: result.version }, [
      ...lines,
      result.changed ? 'published: hosts follow it from their next refresh on' : 'it was in force already',
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}
