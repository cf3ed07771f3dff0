import { handoverBytes, vendorName } from '@ragnos/plugin';
import { delegatedKeys, roleName, targetPath, withRepositoryId, type Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { vendorRole } from '../vault/layout.ts';
import { vendorClient } from '../vendor/client.ts';
import { writeSubmission } from '../vendor/folder.ts';
import { openKeys, thresholdOf } from '../vendor/keys.ts';
import { expiresIn, signaturesOf, signRole } from '../vendor/sign.ts';

/** The vendor's keys sign that others follow them, and both sign its role, so that it verifies before and after. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const vendor = vendorName(context.args[0] ?? '');
  const output = options.text('output') ?? `${vendor}-handover`;
  const { updater, repositoryId } = await vendorClient(context);
  await updater.find(targetPath(`vendors/${vendor}/_/index.json`), { signal });
  const [name, targets] = [roleName(vendorRole(vendor)), roleName('targets')];
  const own = updater.trusted.role(name, targets);
  const delegations = updater.trusted.delegationsOf(targets, roleName('root'));
  const role = delegations === null ? null : delegatedKeys(delegations, name);
  if (own === null || delegations === null || role === null)
    throw new CliError('NO_SUCH_VENDOR', `this repository delegates nothing to ${vendor}`);
  if (own.delegations !== null)
    throw new CliError('USAGE', `${vendor} is split into files by hash, each with these keys`, {
      hint: 'hand over through the operator, with both sets of keys at hand: ragv key rotate',
    });
  const before = role.keyIds
    .map((id) => delegations.keys.get(id))
    .filter((key): key is Key => key !== undefined);
  const old = await openKeys(context);
  const next = await openKeys(context, 'new-key');
  const stranger = old.find((signer) => !before.some((key) => key.keyId === signer.key.keyId));
  if (stranger !== undefined)
    throw new CliError('USAGE', `key ${stranger.key.keyId} does not sign for ${vendor}`, {
      hint: `its keys: ${before.map((key) => key.keyId.slice(0, 16)).join(', ')}`,
    });
  const keys = next.map(({ key }) => key);
  const threshold = thresholdOf(context, keys, role.threshold, {
    what: 'new keys',
    hint: 'give --new-key for every key that shall sign from now on, those that stay included',
  });
  const message = handoverBytes(repositoryId, vendor, { keys: before }, { keys, threshold });
  const answer = { vendor, keys: keys.map((key) => key.keyId), threshold, output };
  if (context.dryRun) {
    voice.answer({ ...answer, dryRun: true }, [`would write ${output}`]);
    return;
  }
  const both = [...old, ...next.filter((signer) => !old.some(({ key }) => key.keyId === signer.key.keyId))];
  const expires = expiresIn(options.text('expires-in'));
  const unrecognized = withRepositoryId(own.unrecognized, repositoryId);
  const bytes = await signRole({ ...own, version: own.version + 1, expires, unrecognized }, both, signal);
  const owner = { keys, threshold, handover: await signaturesOf(message, old, signal) };
  await writeSubmission(
    output,
    { repository: repositoryId, vendor, owner },
    new Map([[name, bytes]]),
    new Map(),
  );
  voice.answer(answer, [
    `${output}: ${vendor} hands over to ${keys.length} keys with a threshold of ${threshold}`,
    `next: the operator runs ragv vendor rotate ${vendor} --handover ${output}`,
  ]);
  if (old.length < role.threshold)
    voice.warn(
      `signed by ${old.length} of the ${role.threshold} keys before: without the others it is a change of owner, which every host holds`,
    );
  return;
}
