import { vendorName } from '@ragnos/plugin';
import { withRepositoryId, type Key, type Targets } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { vendorRole } from '../vault/layout.ts';
import { vendorClient } from '../vendor/client.ts';
import { writeSubmission } from '../vendor/folder.ts';
import { keyFile, openKeys } from '../metadata/open-keys.ts';
import { readPublicKey, thresholdOf } from '../vendor/keys.ts';
import { expiresIn, signRole } from '../vendor/sign.ts';

/** What an operator needs to add a vendor: its keys, and its first, empty role, which proves that it holds them. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const vendor = vendorName(context.args[0] ?? '');
  const output = options.text('output') ?? `${vendor}-join`;
  const { repositoryId, repository } = await vendorClient(context);
  const signers = await openKeys(options.list('key').map(keyFile), context);
  const others: Key[] = [];
  for (const file of options.list('public')) others.push(await readPublicKey(file));
  const keys = [...signers.map(({ key }) => key), ...others];
  if (keys.length === 0) throw new CliError('USAGE', 'no key', { hint: 'give --key <file> for each key' });
  if (new Set(keys.map((key) => key.keyId)).size !== keys.length)
    throw new CliError('USAGE', 'a key is given twice');
  const threshold = thresholdOf(context, keys, keys.length);
  const role = firstRole(repositoryId, expiresIn(options.text('expires-in')));
  const answer = {
    vendor,
    repository: repository.url,
    keys: keys.map((key) => key.keyId),
    threshold,
    output,
  };
  if (context.dryRun) {
    voice.answer({ ...answer, dryRun: true }, [`would write ${output}`]);
    return;
  }
  const roles = new Map([[vendorRole(vendor), await signRole(role, signers, signal)]]);
  const owner = { keys, threshold, handover: [] };
  await writeSubmission(output, { repository: repositoryId, vendor, owner }, roles, new Map());
  voice.answer(answer, [
    `${output}: ${vendor} asks ${repository.url} to be added, with ${keys.length} keys and a threshold of ${threshold}`,
    ...(others.length === 0
      ? [`next: hand the folder to the operator, who runs: ragv vendor add ${vendor} --join ${output}`]
      : [`next: whoever holds the other keys runs: ragv vendor sign ${output} --key <file>`]),
  ]);
  return;
}

export function firstRole(repositoryId: string, expires: Date): Targets {
  return {
    type: 'targets',
    specVersion: '1.0.34',
    version: 1,
    expires,
    targets: new Map(),
    delegations: null,
    unrecognized: withRepositoryId(new Map(), repositoryId),
  };
}
