import { writeFileAtomic } from '@ragnos/disk';
import { differenceLines, differences, EventError, refuseUnsafe, warnings } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { keyFingerprint, metadataToBytes, type KeyId } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { keySetsOf, readMetadataFile, roleOf, type SetOfKeys } from '../metadata/files.ts';
import { namedUri, openKey, ownLedger } from '../metadata/open-keys.ts';
import { showLines } from '../metadata/show-lines.ts';
import { sha256 } from '../sha256.ts';
import { countLines, countSignatures } from '../metadata/signatures.ts';
import { confirm } from '../prompt.ts';

/** Shows what is signed, asks, and adds one signature to the file; nothing else in it changes. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const file = await readMetadataFile(context.args[0] ?? '');
  const { metadata } = file;
  const role = roleOf(file, context);
  const against = options.text('against');
  const before = against === undefined ? null : (await readMetadataFile(against)).metadata.signed;
  refuseUnsafe(metadata, before, new Date());
  const sets = await keySetsOf(file, context);
  const given = options.text('key');
  if (given === undefined)
    throw new CliError('USAGE', 'with which key?', { hint: 'give --key file2:<path>' });
  const shown = [
    ...showLines(role, metadata, file.bytes),
    ...(before === null ? [] : differenceLines(differences(before, metadata.signed))),
    ...(before === null ? [] : warnings(before, metadata.signed).map((look) => `look: ${look}`)),
  ];
  for (const line of shown) voice.note(line);
  if (sets === null) voice.warn('nobody said whose signatures count: give --root or --delegator');
  if (before === null) voice.warn('nobody said what it replaces: give --against <file> to see what changes');
  const signer = await openKey(namedUri(given, role), context);
  const keyId = idFor(signer, sets, role);
  const ledger = ownLedger(context);
  const entry = { role, version: metadata.signed.version, sha256: sha256(metadata.signedBytes) };
  const other = await ledger.other(keyId, entry);
  if (other !== null) {
    const what = `this key signed ${role} version ${other.version} before, with other content (sha256 ${other.sha256})`;
    if (!options.flag('again'))
      throw new EventError('SECOND_BODY', what, {
        hint: 'two contents of one version are how a repository is forked: ask why; --again signs all the same',
      });
    voice.warn(what);
  }
  if (context.dryRun) {
    voice.answer({ role, keyId, dryRun: true }, [
      `would sign ${role} version ${metadata.signed.version} as ${keyId}`,
    ]);
    return 0;
  }
  await confirm(`This signs sha256:${entry.sha256} with key ${keyId}`, role, options.flag('yes'), signal);
  await ledger.note(keyId, entry, new Date());
  const { sig } = await signer.sign(metadata.signedBytes, { signal });
  const signatures = [...metadata.signatures.filter((one) => one.keyId !== keyId), { keyId, sig }];
  const bytes = metadataToBytes(metadata.signedBytes, signatures);
  await writeFileAtomic(file.path, bytes, { mode: 0o644, signal });
  const counts = (sets ?? []).map((set) => countSignatures({ ...metadata, signatures }, set));
  const missing = counts.some((one) => one.missing > 0);
  voice.answer({ role, keyId, version: metadata.signed.version, sha256: entry.sha256, counts, missing }, [
    `signed ${role} version ${metadata.signed.version} as ${keyId}`,
    ...countLines(counts),
  ]);
  return missing ? exitCodes.pending[0] : exitCodes.ok[0];
}

/** The id under which the key stands where its signature is to count. */
function idFor(signer: Signer, sets: readonly SetOfKeys[] | null, role: string): KeyId {
  if (sets === null) return signer.key.keyId;
  const fingerprint = keyFingerprint(signer.key);
  for (const { role: allowed, keys } of sets)
    for (const id of allowed.keyIds) {
      const key = keys.get(id);
      if (key !== undefined && keyFingerprint(key) === fingerprint) return id;
    }
  throw new EventError('NOT_A_SIGNER', `key ${signer.key.keyId} may not sign ${role}`, {
    hint: `${sets.map(({ by }) => by).join(' and ')} would not count it`,
  });
}
