import {
  defaultVendorRules,
  parseVendorPolicy,
  sameIds,
  serializeVendorPolicy,
  vendorName,
  type Owner,
  type Submission,
  type VendorName,
  type VendorPolicy,
  type VendorRules,
} from '@ragnos/plugin';
import { DoorError, type Draft, type RepositoryStatus } from '@ragnos/repository';
import { parseMetadata, repositoryId, VaultError, type Metadata } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { gateNames } from '../door/gates.ts';
import { readCatalog, rulesFor, vendorPolicyPath, writeCatalog } from '../door/admit.ts';
import { audited } from '../door/audited.ts';
import type { Handed } from '../door/receive.ts';
import type { Vault } from '../vault/vault.ts';
import { vendorOfRole, vendorRole } from '../vault/layout.ts';
import { readSubmission } from './folder.ts';
import { signedBy } from './sign.ts';

/** What vendors bind their signatures to. Only roots are read. @throws CliError BAD_CONFIG */
export async function idOf({ repository }: Vault, signal: AbortSignal): Promise<string> {
  const id = repositoryId((await repository.root({ signal })).signed);
  if (id === null) throw new CliError('BAD_CONFIG', 'this repository does not say which one it is');
  return id;
}

/** @throws DoorError DOOR_SIGNATURES: what was signed for one repository is worth nothing in another */
async function refuseOtherRepository(
  vault: Vault,
  submission: Submission,
  signal: AbortSignal,
): Promise<void> {
  if (submission.repository !== (await idOf(vault, signal)))
    throw new DoorError(
      'DOOR_SIGNATURES',
      'submission.json',
      `was signed for another repository (${submission.repository.slice(0, 16)}…)`,
      {
        hint: 'nothing was changed; the vendor signs it for this one',
      },
    );
}

/** Every new key has signed the vendor's role: it proves that somebody holds it. @throws DoorError DOOR_SIGNATURES */
export function checkPossession({ submission, roles }: Handed): void {
  const { owner, vendor, repository } = submission;
  const file = `${vendorRole(vendor)}.json`;
  const bytes = roles.get(vendorRole(vendor));
  if (owner === null || bytes === undefined) throw new DoorError('DOOR_ROLE', file, 'was not handed in');
  const metadata = parseRole(bytes, file);
  const good = new Set(signedBy(metadata, owner.keys).map((key) => key.keyId));
  const silent = owner.keys.find((key) => !good.has(key.keyId));
  if (silent !== undefined)
    throw new DoorError(
      'DOOR_SIGNATURES',
      file,
      `key ${silent.keyId} has not signed it, and so proves nothing`,
      {
        hint: `whoever holds it runs: ragv vendor sign <folder> --key <file>`,
      },
    );
  if (repositoryId(metadata.signed) !== repository)
    throw new DoorError('DOOR_SIGNATURES', file, 'was signed for another repository, or for none');
}

function parseRole(bytes: Uint8Array, file: string): Metadata<'targets'> {
  try {
    return parseMetadata(bytes, 'targets', undefined, 'role');
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    throw new DoorError('DOOR_FORMAT', file, cause.message.replace(/^role(?:: |\.)/, ''), { cause });
  }
}

/** The owners in the catalog; where the door recorded none yet, whose keys sign for the vendor now. */
export async function ownersOf(draft: Draft, vendor: VendorName): Promise<readonly Owner[]> {
  const { owners } = await readCatalog(draft, vendor);
  if (owners.length > 0) return owners;
  const now = await draft.keysOf(vendorRole(vendor));
  return now === null ? [] : [{ ...now, since: draft.now.toISOString(), handover: [] }];
}

/** The vendor's record in the catalog with one owner more. Before its keys are changed. */
export async function recordOwner(
  draft: Draft,
  vendor: VendorName,
  owner: Omit<Owner, 'since'>,
): Promise<void> {
  const before = await ownersOf(draft, vendor);
  const last = before.at(-1);
  // Said already: an event that was proposed again.
  const same = last !== undefined && sameIds(idsOf(last), idsOf(owner));
  if (same && last.threshold === owner.threshold) return;
  const owners = [...before, { ...owner, since: draft.now.toISOString() }];
  await writeCatalog(draft, { ...(await readCatalog(draft, vendor)), owners });
}

const idsOf = ({ keys }: Pick<Owner, 'keys'>): readonly string[] => keys.map(({ keyId }) => keyId);

export async function readPolicy(draft: Draft): Promise<VendorPolicy> {
  const bytes = await draft.read(vendorPolicyPath);
  return bytes === null ? new Map() : parseVendorPolicy(bytes);
}

export async function writeRules(draft: Draft, vendor: VendorName, rules: VendorRules): Promise<void> {
  const policy = new Map(await readPolicy(draft)).set(vendor, rules);
  await draft.add(vendorPolicyPath, serializeVendorPolicy(policy));
}

/** The rules that the options ask for, on top of those in force. @throws CliError USAGE */
export function rulesFrom(context: Context, before: VendorRules = defaultVendorRules): VendorRules {
  const { options } = context;
  const number = (name: string, value: number): number => {
    const text = options.text(name);
    if (text === undefined) return value;
    const given = Number(text);
    if (!Number.isSafeInteger(given) || given < 0)
      throw new CliError('USAGE', `--${name} ${text}: expected a whole number`);
    return given;
  };
  const required = options.text('require');
  const requires =
    required === undefined ? before.requires : required.split(',').filter((name) => name !== '');
  const unknown = requires.find((name) => !gateNames.includes(name));
  if (unknown !== undefined)
    throw new CliError('USAGE', `--require ${unknown}: there is no such gate`, {
      hint: `known are ${gateNames.join(', ')}; --require "" demands none`,
    });
  const { limits } = before;
  return {
    requires,
    limits: {
      artifactBytes: number('max-artifact', limits.artifactBytes),
      totalBytes: number('max-total', limits.totalBytes),
      publishesPerHour: atMost(number('max-per-hour', limits.publishesPerHour)),
      versions: number('max-versions', limits.versions),
    },
    maxLifeDays: number('max-life', before.maxLifeDays),
  };
}

/** The catalog remembers no more times than that. */
function atMost(publishes: number): number {
  if (publishes <= 1000) return publishes;
  throw new CliError('USAGE', `--max-per-hour ${publishes}: at most 1000 are counted`);
}

/** The vendors that are delegated to, in trust order. */
export function vendorsIn({ roles }: Pick<RepositoryStatus, 'roles'>): readonly VendorName[] {
  return roles.flatMap(({ role, delegator }) => {
    const vendor = delegator === 'targets' ? vendorOfRole(role) : null;
    return vendor === null ? [] : [vendor];
  });
}

/** @throws CliError NO_SUCH_VENDOR */
export async function requireVendor(vault: Vault, raw: string, signal: AbortSignal): Promise<VendorName> {
  const vendor = vendorName(raw);
  const known = vendorsIn(await vault.repository.status({ signal }));
  if (!known.includes(vendor))
    throw new CliError('NO_SUCH_VENDOR', `this repository has no vendor ${vendor}`, {
      hint: `its vendors: ${known.join(', ')}`,
    });
  return vendor;
}

/** What somebody handed in, read as far as the rules of its vendor allow. A refusal is in the log. */
export function readHandedIn(vault: Vault, folder: string, context: Context): Promise<Handed> {
  const { signal } = context;
  const rules = (vendor: VendorName): Promise<VendorRules> =>
    vault.repository.inspect((draft) => rulesFor(draft, vendor), { signal });
  return audited(vault, context, async () => {
    const handed = await readSubmission(folder, signal, rules);
    await refuseOtherRepository(vault, handed.submission, signal);
    return handed;
  });
}
