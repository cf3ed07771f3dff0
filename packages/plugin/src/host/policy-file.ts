import { OfflineError, type TargetInfo, type Updater } from '@ragnos/client';
import { writeFileAtomic } from '@ragnos/disk';
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { FormatError } from '../errors.ts';
import {
  parseOrganisationPolicy,
  serializeOrganisationPolicy,
  type OrganisationPolicy,
} from '../formats/organisation-policy.ts';
import type { GivenPolicy } from './api.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostNotFoundError, HostUntrustedError } from './errors.ts';
import { ensureFolder } from './paths.ts';
import type { PolicySource } from './policy.ts';
import { asDiskError, codeOf, readBytes } from './state-file.ts';

export const policyPath = 'policy/organisation.json';
const maxLength = 1_000_000;

/**
 * The host's own policy: a file, or as the program that is the host has it. A file that is named and absent refuses
 * everything: somebody meant it to hold.
 * @throws NO_POLICY_FILE, BAD_POLICY
 */
export async function localPolicy(policy: GivenPolicy): Promise<PolicySource> {
  if (typeof policy !== 'string')
    return { from: 'the host’s policy', signed: false, policy: asPolicy(policy) };
  const path = resolve(policy);
  const bytes = await readFollowing(path);
  if (bytes === null)
    throw new HostNotFoundError('NO_POLICY_FILE', `the policy ${path} does not exist`, {
      hint: 'nothing is done without it: give --policy or RAGV_POLICY the right file',
    });
  try {
    return { from: path, signed: false, policy: parseOrganisationPolicy(bytes) };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new HostFailureError('BAD_POLICY', `${path}: ${cause.message}`, {
      cause,
      hint: `nothing is done without it; ragv policy check ${path}`,
    });
  }
}

/** Written and read: nothing holds that a file could not say. */
function asPolicy(policy: Exclude<GivenPolicy, string>): OrganisationPolicy {
  try {
    return parseOrganisationPolicy(
      isParsed(policy) ? serializeOrganisationPolicy(policy) : Buffer.from(JSON.stringify(policy)),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HostFailureError('BAD_POLICY', `the host’s policy: ${why}`, {
      cause,
      hint: 'nothing is done without it: give what a policy file holds, or what parseOrganisationPolicy returns',
    });
  }
}

/** As `parseOrganisationPolicy` returns it; a rule in the words of a file says for what it is. */
function isParsed(policy: Exclude<GivenPolicy, string>): policy is OrganisationPolicy {
  if (typeof policy !== 'object' || policy === null || 'format' in policy) return false;
  const { vendors, rules } = policy;
  return (
    vendors !== undefined &&
    Array.isArray(rules) &&
    rules.every((rule) => 'refuse' in rule && !('for' in rule))
  );
}

/** What was last seen of the repository's. */
export function policyFile(context: Context): string {
  return join(context.paths.known, 'organisation.json');
}

function signedSource(context: Context, policy: OrganisationPolicy): PolicySource {
  return { from: `${policyPath} of ${context.record.alias}`, signed: true, policy };
}

/** The repository's policy as last seen; `null` = it never had one. @throws HOST_STATE */
async function knownPolicy(context: Context): Promise<PolicySource | null> {
  const bytes = await readBytes(policyFile(context), maxLength);
  if (bytes === null) return null;
  try {
    return signedSource(context, parseOrganisationPolicy(bytes));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new HostFailureError('HOST_STATE', 'what this host knew of the organisation’s policy is damaged', {
      cause,
      hint: 'refresh with a connection: ragv status',
    });
  }
}

/** All that is in force by what this host knows, the local one first; asks no network. @throws HOST_STATE */
export async function policiesKnown(context: Context): Promise<readonly PolicySource[]> {
  return [context.localPolicy, await knownPolicy(context)].filter((source) => source !== null);
}

/** Reads a target, from its copy if that is still the signed one. */
type ReadTarget = (
  info: TargetInfo,
  copy: string,
) => Promise<{ readonly bytes: Uint8Array; readonly kept: boolean }>;

/**
 * The repository's policy as it is now; a host that has seen one refuses its absence (decision 9).
 * @throws POLICY_LOST
 */
export async function refreshPolicy(
  context: Context,
  updater: Updater,
  read: ReadTarget,
  signal: AbortSignal | undefined,
): Promise<readonly PolicySource[]> {
  const own = context.localPolicy === null ? [] : [context.localPolicy];
  const info = await updater.find(policyPath, { signal });
  if (info === null) {
    if ((await readBytes(policyFile(context), maxLength)) === null) return own;
    throw new HostUntrustedError('POLICY_LOST', `${policyPath} is gone, and this host has seen it`, {
      hint: 'nothing was installed; a policy is replaced, never removed: ask the operator of the repository',
    });
  }
  try {
    const { bytes, kept } = await read(info, policyFile(context));
    const policy = parseOrganisationPolicy(bytes);
    if (!context.offline && !kept) {
      ensureFolder(context.paths.folder, 'known');
      await writeFileAtomic(policyFile(context), bytes, { mode: 0o600 });
    }
    return [...own, signedSource(context, policy)];
  } catch (error) {
    const known = error instanceof OfflineError ? await knownPolicy(context) : null;
    if (known === null) throw error;
    return [...own, known]; // offline, one that has changed since is as it was known
  }
}

/** The file may be a link: whoever names it means what it leads to. */
async function readFollowing(path: string): Promise<Uint8Array | null> {
  try {
    return await readBytes(realpathSync(path), maxLength);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw asDiskError(`cannot read the policy ${path}`, error);
  }
}
