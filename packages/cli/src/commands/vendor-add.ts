import { vendorName, type VendorName } from '@ragnos/plugin';
import type { Change } from '@ragnos/repository';
import { roleName } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { audited } from '../door/audited.ts';
import type { Handed } from '../door/receive.ts';
import { vendorRole } from '../vault/layout.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { openVault, type Vault } from '../vault/vault.ts';
import { keyFile, openKeys } from '../metadata/open-keys.ts';
import { thresholdOf } from '../vendor/keys.ts';
import { expiresIn, signRole } from '../vendor/sign.ts';
import {
  checkPossession,
  idOf,
  readHandedIn,
  recordOwner,
  rulesFrom,
  writeRules,
} from '../vendor/vault-vendors.ts';
import { firstRole } from './vendor-join.ts';

/** Delegates a part of the namespace to a vendor's own keys: delegation, first role, rules and owner in one commit. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const vendor = vendorName(context.args[0] ?? '');
  const rules = rulesFrom(context);
  const vault = await openVault(context);
  try {
    const handed = await join(context, vault, vendor);
    const { owner } = handed.submission;
    if (owner === null || handed.submission.vendor !== vendor)
      throw new CliError('USAGE', `${options.text('join') ?? ''} does not ask for ${vendor} to be added`);
    await audited(vault, context, () => checkPossession(handed));
    const paths = options.list('paths');
    const delegation = {
      name: vendorRole(vendor),
      paths: paths.length === 0 ? [`vendors/${vendor}/*/*`] : paths,
      terminating: true,
      keys: owner.keys,
      threshold: owner.threshold,
    };
    refuseForeignPaths(vendor, delegation.paths);
    const first: Change = async (draft) => recordOwner(draft, vendor, owner);
    const change: Change = async (draft) => {
      draft.note({ kind: 'delegation', subject: vendor, keysAdded: owner.keys.map((key) => key.keyId) });
      await draft.edit({ kind: 'add', delegation, before: 'attestations' });
      for (const [role, bytes] of handed.roles)
        await draft.bring(role, bytes, new Map(), { maxLife: rules.maxLifeDays * 24 * 3600, named: true });
      await writeRules(draft, vendor, rules);
    };
    const answer = {
      vendor,
      role: delegation.name,
      keys: owner.keys.map((key) => key.keyId),
      threshold: owner.threshold,
      paths: delegation.paths,
      ...rules,
    };
    if (context.dryRun) {
      await vault.repository.inspect(async (draft) => change(draft), { signal });
      voice.answer({ ...answer, dryRun: true }, [`would add ${vendor}`]);
      return 0;
    }
    const result = await publishOrEvent(
      vault,
      {
        first,
        change,
        reason: `add the vendor ${vendor}`,
        confirm: [`This lets ${vendor} publish`, vendor],
      },
      context,
    );
    if (typeof result === 'number') return result;
    voice.answer({ ...answer, timestamp: result.version }, [
      `added ${vendor}: ${owner.threshold} of ${owner.keys.length} keys sign for ${delegation.paths.join(', ')}`,
      ...(rules.requires.length === 0 ? [] : [`required: ${rules.requires.join(', ')}`]),
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}

/** What the vendor handed in; or, where its keys are on this machine, the same made here. */
async function join(context: Context, vault: Vault, vendor: VendorName): Promise<Handed> {
  const { options, signal } = context;
  const folder = options.text('join');
  const files = options.list('key');
  if ((folder === undefined) === (files.length === 0))
    throw new CliError(
      'USAGE',
      'give either --join <folder>, which the vendor made, or --key <file> for each key',
      {
        hint: `the vendor runs: ragv vendor join ${vendor} --key <file>`,
      },
    );
  if (folder !== undefined) return readHandedIn(vault, folder, context);
  const repositoryId = await idOf(vault, signal);
  const signers = await openKeys(options.list('key').map(keyFile), context);
  const keys = signers.map(({ key }) => key);
  const threshold = thresholdOf(context, keys, keys.length);
  const role = firstRole(repositoryId, expiresIn(options.text('expires-in')));
  const name = roleName(vendorRole(vendor));
  return {
    submission: {
      repository: repositoryId,
      vendor,
      owner: { keys, threshold, handover: [] },
      roles: [name],
      targets: [],
    },
    roles: new Map([[name, await signRole(role, signers, signal)]]),
    targets: new Map(),
  };
}

/** Vendor prefixes are disjoint (INTEROP.md): whatever a pattern matches lies below the vendor's own folder. */
function refuseForeignPaths(vendor: VendorName, paths: readonly string[]): void {
  const foreign = paths.find((path) => !path.startsWith(`vendors/${vendor}/`));
  if (foreign !== undefined)
    throw new CliError('USAGE', `--paths ${foreign}: a vendor’s paths begin with vendors/${vendor}/`);
}
