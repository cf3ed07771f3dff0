import { parseCapabilities, type Capabilities } from '../capabilities/capabilities.ts';
import { capabilityDifference } from '../capabilities/difference.ts';
import { narrow } from '../capabilities/narrow.ts';
import type { Statement } from '../capabilities/words.ts';
import type { Mode } from '../confine/grant.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { OnRevoked } from '../formats/organisation-policy.ts';
import type { Context } from './context.ts';
import { HostPolicyError } from './errors.ts';
import { kindsError } from './file-kinds.ts';
import { asBounds, asksForSomething, consentTo, type Consent } from './grants.ts';
import { installAnother } from './other-version.ts';
import { pinnedElsewhere } from './pinned.ts';
import { policiesKnown } from './policy-file.ts';
import { leastMode, narrowAll, onRevoked, rulesFor } from './policy.ts';

/** What a version may do on this host, and why not more. */
export interface Permit {
  /** Signed ∩ consented to ∩ policy. */
  readonly capabilities: Capabilities;
  /** What `$chosen` stands for: absolute paths, named at consent. */
  readonly folders: readonly string[];
  /** Confined at least so. */
  readonly leastMode: Mode;
  readonly onRevoked: OnRevoked;
  /** What is kept of it; `null` = it asks for nothing and nobody was asked, or it was agreed to for this once. */
  readonly consent: Consent | null;
  /** What it asks for and does not get. */
  readonly withheld: readonly Withheld[];
}

export interface Withheld {
  readonly what: Statement;
  /** The place of the rule, `consent`, or `host`: it was allowed, and this host has no such thing to give. */
  readonly by: string;
  /** Of a host: what is missing. */
  readonly why?: string;
}

/**
 * What an installed version may do, by what this host knows; asks no network. `now` is agreed to for this once, in the place
 * of what was at installation.
 * @throws CONSENT_REQUIRED it asks for something and nobody agreed; NOT_ALLOWED a rule refuses it; NOT_PINNED a rule names
 * other versions; FILE_KIND a rule refuses a kind of file that it holds
 */
export async function permitFor(
  context: Context,
  manifest: PluginManifest,
  now?: Pick<Consent, 'granted' | 'folders'>,
): Promise<Permit> {
  const { vendor, plugin, version } = manifest;
  const name = `${vendor}/${plugin}@${version}`;
  const asked = parseCapabilities(manifest.capabilities);
  const rules = rulesFor(await policiesKnown(context), manifest);
  const refusing = rules.find(({ rule }) => rule.refuse);
  if (refusing !== undefined)
    throw new HostPolicyError(
      'NOT_ALLOWED',
      `${name} is refused by ${refusing.place}${refusing.rule.reason === null ? '' : `: ${refusing.rule.reason}`}`,
      { hint: `ragv policy explain ${vendor}/${plugin}` },
    );
  const elsewhere = await pinnedElsewhere(rules, version);
  if (elsewhere !== null)
    throw new HostPolicyError(
      'NOT_PINNED',
      `${name} is not within ${elsewhere.rule.versions}, says ${elsewhere.place}`,
      {
        hint: `${await installAnother(context, manifest)}; ragv policy explain ${vendor}/${plugin} says why`,
      },
    );
  const kinds = kindsError(rules, name, manifest.files);
  if (kinds !== null) throw kinds;
  const consent = now === undefined ? await consentTo(context, manifest, asked) : null;
  const given = now ?? consent;
  if (given === null && asksForSomething(asked))
    throw new HostPolicyError('CONSENT_REQUIRED', `${name} asks for more than computing, and nobody agreed`, {
      hint: `ragv install ${name} shows what it asks for`,
    });
  const agreed = given === null ? asked : narrow(asked, asBounds(given.granted));
  const capabilities = narrowAll(rules, agreed);
  return {
    capabilities,
    folders: given?.folders ?? [],
    leastMode: leastMode(rules).mode,
    onRevoked: onRevoked(rules),
    consent,
    withheld: [
      ...capabilityDifference(agreed, asked).wider.map((what) => ({ what, by: 'consent' })),
      ...rules.flatMap(({ place, rule }) =>
        rule.capabilities === null
          ? []
          : capabilityDifference(narrow(agreed, rule.capabilities), agreed).wider.map((what) => ({
              what,
              by: place,
            })),
      ),
    ],
  };
}
