import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vendorName, type Packed } from '@ragnos/plugin';
import { parseMetadata, roleName } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { confirm } from '../prompt.ts';
import { count } from '../text.ts';
import { vendorRole } from '../vault/layout.ts';
import { packSource } from '../vault/pack-options.ts';
import { addVersions } from '../vault/publish-plugins.ts';
import { vendorClient } from '../vendor/client.ts';
import { targetsDifference } from '../vendor/difference.ts';
import {
  readSubmission,
  replaceRoles,
  replaceSubmission,
  submissionFile,
  writeSubmission,
} from '../vendor/folder.ts';
import { countersigned } from '../vendor/handover.ts';
import { keyFile, openKeys } from '../metadata/open-keys.ts';
import { editRole } from '../vendor/role-edit.ts';
import { addSignatures, expiresIn, signedBy, signRole } from '../vendor/sign.ts';
import { bitsOf, styleFor } from '../vendor/split.ts';
import { clientsOf } from './init.ts';
import { findVendor, loadBins } from '../vendor/state.ts';

/** On the vendor's machine: sources become a signed submission, and a submission gets one more signature. */
export async function run(context: Context): Promise<number> {
  const [first = ''] = context.args;
  return existsSync(join(first, submissionFile)) ? signAgain(context, first) : signSources(context);
}

async function signSources(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const name = options.text('vendor');
  const renew = options.flag('renew');
  const split = options.text('split');
  if (context.args.length === 0 && split === undefined && !renew)
    throw new CliError('USAGE', 'what is to be signed?', {
      hint: 'name a folder, a .tgz file or npm:name@version; or a submission, to add a signature; or --renew',
    });
  if (name === undefined)
    throw new CliError('USAGE', 'whose plugin is it?', { hint: 'give --vendor <name>' });
  const vendor = vendorName(name);
  const output = options.text('output') ?? `${vendor}-submission`;
  const { updater, repositoryId, repository } = await vendorClient(context);
  // A key that cannot be used is found out even where nothing is left to sign.
  const signers = context.dryRun ? [] : await openKeys(options.list('key').map(keyFile), context);
  if (signers.length === 0 && !context.dryRun)
    throw new CliError('USAGE', 'no key', { hint: 'give --key <file>' });
  const work = await mkdtemp(join(tmpdir(), 'ragv-sign-'));
  try {
    const packed: Packed[] = [];
    for (const source of context.args) packed.push(await packSource(context, source, vendor, work));
    const edit = await editRole({ updater, repositoryId }, vendor, signal);
    await addVersions(vendor, packed)(edit, new Date());
    const expires = expiresIn(options.text('expires-in'));
    const changed =
      split === undefined
        ? edit.signed(expires)
        : await edit.split(bitsOf('split', split), expires, styleFor(clientsOf(options.list('compat'))));
    const signed =
      renew && split === undefined ? new Map([...(await edit.renewed(expires)), ...changed]) : changed;
    if (signed.size === 0) {
      voice.answer({ vendor, roles: [], changed: false }, [
        'all of it is published already; nothing to sign',
      ]);
      return 0;
    }
    const lines = [...signed].flatMap(([role, next]) => [
      `${role}:`,
      ...targetsDifference(trustedRole(updater, vendor, role), next).map((line) => `  ${line}`),
    ]);
    const answer = { vendor, repository: repository.url, roles: [...signed.keys()], output };
    if (context.dryRun) {
      voice.answer({ ...answer, dryRun: true }, [...lines, `would write ${output}`]);
      return 0;
    }
    const roles = new Map<string, Uint8Array>();
    for (const [role, next] of signed) roles.set(role, await signRole(next, signers, signal));
    await writeSubmission(output, { repository: repositoryId, vendor, owner: null }, roles, edit.contents);
    voice.answer(answer, [
      ...lines,
      `signed by ${count(signers.length, 'key')}: ${output}`,
      `next: another signer runs ragv vendor sign ${output} --key <file>, or the operator: ragv vendor submit ${output}`,
    ]);
    return 0;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Shows what the repository's own trusted state and the files say, never what somebody wrote about them, and asks. */
async function signAgain(context: Context, folder: string): Promise<number> {
  const { voice, options, signal } = context;
  const { updater, repositoryId } = await vendorClient(context);
  const { submission, roles } = await readSubmission(folder, signal);
  const { vendor, owner } = submission;
  if (submission.repository !== repositoryId)
    throw new CliError('SUBMISSION_CHANGED', `${folder} is for another repository`, {
      hint: 'name the repository it is for: --repository <alias>',
    });
  const state = await findVendor(updater, vendor, signal); // null: it joins
  if (state !== null && roles.size > 1) await loadBins(updater, vendor, state, signal);
  let same = 0;
  for (const [role, bytes] of roles) {
    const { signed } = parseMetadata(bytes, 'targets', undefined, `${role}.json`);
    const lines = targetsDifference(trustedRole(updater, vendor, role), signed);
    if (lines.length === 1) same++;
    if (lines.length === 1 && roles.size > 1) continue;
    for (const line of [`${role}:`, ...lines.map((text) => `  ${text}`)]) voice.note(line);
  }
  if (same > 0 && roles.size > 1)
    voice.note(`${count(same, 'file')} of the role: the same targets, one version on`);
  if (owner !== null)
    voice.note(
      `  the keys of ${vendor} shall be ${owner.keys.map((key) => key.keyId.slice(0, 16)).join(', ')}, threshold ${owner.threshold}`,
    );
  if (!context.dryRun) await confirm(`This signs it as ${vendor}`, vendor, options.flag('yes'), signal);
  const signers = context.dryRun ? [] : await openKeys(options.list('key').map(keyFile), context);
  const more = new Map<string, Uint8Array>();
  for (const [role, bytes] of roles) more.set(role, await addSignatures(bytes, signers, signal));
  const next = state === null ? submission : await countersigned(submission, state.layout, signers, signal);
  if (!context.dryRun) {
    await replaceRoles(folder, more);
    // Last: whoever is interrupted before it signs again, and nothing is lost.
    if (next !== submission) await replaceSubmission(folder, next);
  }
  const signatures = [...more].map(([role, bytes]) => {
    const metadata = parseMetadata(bytes, 'targets');
    const good = owner === null ? metadata.signatures : signedBy(metadata, owner.keys);
    return { role, signatures: good.length };
  });
  const handover = owner === null || state === null ? null : (next.owner?.handover.length ?? 0);
  voice.answer({ folder, roles: signatures, handover, dryRun: context.dryRun }, [
    ...signatureLines(signatures),
    ...(handover === null ? [] : [`the handover: ${handover} of the ${state?.layout.threshold} keys before`]),
  ]);
  return 0;
}

/** A line for each number: a role may be split into thousands of files. */
function signatureLines(
  signed: readonly { readonly role: string; readonly signatures: number }[],
): readonly string[] {
  return [...Map.groupBy(signed, ({ signatures }) => signatures)].map(([number, roles]) => {
    const [{ role } = { role: '' }, ...others] = roles;
    const more = others.length === 0 ? '' : ` and ${count(others.length, 'file')} more`;
    return `${role}${more}: ${count(number, 'signature')}${more === '' ? '' : ' each'}`;
  });
}

function trustedRole(updater: Parameters<typeof editRole>[0]['updater'], vendor: string, role: string) {
  const own = roleName(vendorRole(vendorName(vendor)));
  const name = roleName(role);
  return updater.trusted.role(name, name === own ? roleName('targets') : own);
}
