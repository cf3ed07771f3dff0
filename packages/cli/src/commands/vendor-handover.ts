import { vendorName } from '@ragnos/plugin';
import type { Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { count } from '../text.ts';
import { vendorClient } from '../vendor/client.ts';
import { writeSubmission } from '../vendor/folder.ts';
import { countersigned, handedRoles } from '../vendor/handover.ts';
import { keyFile, openKeys } from '../metadata/open-keys.ts';
import { readPublicKey, thresholdOf } from '../vendor/keys.ts';
import { expiresIn, signRole } from '../vendor/sign.ts';
import { vendorState } from '../vendor/state.ts';

/** The vendor's keys sign that others follow them, and both sign all its roles, so that they verify before and after. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const vendor = vendorName(context.args[0] ?? '');
  const output = options.text('output') ?? `${vendor}-handover`;
  const { updater, repositoryId: repository } = await vendorClient(context);
  const state = await vendorState(updater, vendor, signal);
  const before = state.layout;
  const old = await openKeys(options.list('key').map(keyFile), context);
  const next = await openKeys(options.list('new-key').map(keyFile), context);
  const stranger = old.find((signer) => !before.keys.some((key) => key.keyId === signer.key.keyId));
  if (stranger !== undefined)
    throw new CliError('USAGE', `key ${stranger.key.keyId} does not sign for ${vendor}`, {
      hint: `its keys: ${before.keys.map((key) => key.keyId.slice(0, 16)).join(', ')}`,
    });
  const others: Key[] = [];
  for (const file of options.list('public')) others.push(await readPublicKey(file));
  const keys = [...next.map(({ key }) => key), ...others];
  if (new Set(keys.map((key) => key.keyId)).size !== keys.length)
    throw new CliError('USAGE', 'a new key is given twice');
  const threshold = thresholdOf(context, keys, before.threshold, {
    what: 'new keys',
    hint: 'give --new-key (or --public, where somebody else holds it) for every key that shall sign from now on, those that stay included',
  });
  const expires = expiresIn(options.text('expires-in'));
  const roles = await handedRoles(
    updater,
    vendor,
    state,
    { after: { keys, threshold }, repository, expires },
    signal,
  );
  const answer = { vendor, keys: keys.map((key) => key.keyId), threshold, roles: [...roles.keys()], output };
  if (context.dryRun) {
    voice.answer({ ...answer, dryRun: true }, [`would write ${output}`]);
    return;
  }
  const both = [...old, ...next.filter((signer) => !old.some(({ key }) => key.keyId === signer.key.keyId))];
  const signed = new Map<string, Uint8Array>();
  for (const [name, role] of roles) signed.set(name, await signRole(role, both, signal));
  const owner = { keys, threshold, handover: [] };
  const whole = { repository, vendor, owner, roles: [...signed.keys()], targets: [] };
  await writeSubmission(output, await countersigned(whole, before, old, signal), signed, new Map());
  const complete = old.length >= before.threshold && others.length === 0;
  voice.answer(answer, [
    `${output}: ${vendor} hands over to ${count(keys.length, 'key')} with a threshold of ${threshold}${roles.size === 1 ? '' : `, ${count(roles.size, 'file')} in all`}`,
    complete
      ? `next: the operator runs ragv vendor submit ${output}`
      : `next: whoever holds the other keys, old and new, runs: ragv vendor sign ${output} --key <file>`,
  ]);
  if (old.length < before.threshold)
    voice.warn(
      `signed by ${old.length} of the ${before.threshold} keys before: without the others it is a change of owner, which every host holds`,
    );
  return;
}
