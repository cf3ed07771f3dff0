import { review, secondBodies, signEvent, type Review, type ReviewedRole } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { changeLines, eventAnswer, isEventFile, looks, namedEvent, signerTrust } from '../metadata/events.ts';
import { namedUri, openKeys, ownLedger } from '../metadata/open-keys.ts';
import { confirm } from '../prompt.ts';
import { readConfig } from '../vault/config.ts';
import { openVault, vaultFolder } from '../vault/vault.ts';

/** Derives what is signed from this signer's own root, shows it, asks, and adds the signatures to the event. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const given = context.args[0] ?? '';
  const named = await namedEvent(given, context);
  const trust = await signerTrust(given, context);
  const seen = review(named.event, trust, new Date());
  for (const line of changeLines(named, seen, [])) voice.note(line);
  for (const line of looks(seen)) voice.warn(line); // --quiet hides no warning
  const signers = await signersFor(given, seen, context);
  const ledger = ownLedger(context);
  for (const { role, version, sha256 } of await secondBodies(seen, signers, ledger))
    voice.warn(`this key signed ${role} version ${version} before, with other content (sha256 ${sha256})`);
  if (context.dryRun) {
    voice.answer({ ...eventAnswer(named, seen), dryRun: true }, [
      `would sign with ${signers.map(({ key }) => key.keyId).join(', ')}`,
    ]);
    return 0;
  }
  const inWords = ({ name, after }: ReviewedRole): string => `${name} version ${after.version}`;
  const what = seen.roles.map(inWords).join(' and ');
  await confirm(`This signs ${what}`, named.event.id, options.flag('yes'), signal);
  const settings = { ledger, now: new Date(), again: options.flag('again'), signal };
  let added: readonly string[] = [];
  const event = await named.replace(async (current) => {
    // Of this very moment: somebody may have merged a copy while a person was reading.
    const signed = await signEvent(current, review(current, trust, new Date()), signers, settings);
    added = signed.signed.map(({ role }) => role);
    return signed.event;
  });
  const after = review(event, trust, new Date());
  voice.answer(eventAnswer({ ...named, event }, after), [
    added.length === 0
      ? `${event.id} had been signed with this key`
      : `signed ${seen.roles
          .filter(({ name }) => added.includes(name))
          .map(inWords)
          .join(' and ')}`,
    ...after.roles.flatMap(({ name, needs }) =>
      needs.map(({ by, role, signedBy }) => `${name} for ${by}: ${signedBy.length} of ${role.threshold}`),
    ),
  ]);
  voice.note(after.complete ? `complete: ragv event apply ${given}` : 'signatures are missing');
  return after.complete ? exitCodes.ok[0] : exitCodes.pending[0];
}

/** `--key`; without it, in a vault, every key of its own that may sign. @throws CliError USAGE */
async function signersFor(given: string, seen: Review, context: Context): Promise<readonly Signer[]> {
  const uris = context.options.list('key');
  const role = seen.roles.at(-1)?.name ?? 'root';
  if (uris.length > 0)
    return openKeys(
      uris.map((uri) => namedUri(uri, role)),
      context,
    );
  const wanted = new Set<string>(
    seen.roles.flatMap(({ needs }) => needs.flatMap((need) => need.role.keyIds)),
  );
  if (isEventFile(given)) throw new CliError('USAGE', 'with which key?', { hint: 'give --key file2:<path>' });
  const { keys } = await readConfig(vaultFolder(context));
  const own = Object.entries(keys).filter(([id]) => wanted.has(id));
  if (own.length === 0)
    throw new CliError('USAGE', 'no key of this vault may sign it', { hint: 'give --key file2:<path>' });
  const vault = await openVault(context, { damaged: true });
  try {
    const signers: Signer[] = [];
    for (const [, key] of own) signers.push(await vault.openSigner(key.role, key.uri));
    return signers;
  } finally {
    await vault.repository.close();
  }
}
