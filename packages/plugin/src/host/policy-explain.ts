import { canonicalJson, VaultError } from '@ragnos/tuf';

import type { CapabilityPolicy } from '../capabilities/narrow.ts';
import { fileKindsWords } from '../formats/file-kinds.ts';
import { mostToJson, ruleIsFor, type OnRevoked, type PolicyRule } from '../formats/organisation-policy.ts';
import type { Mode } from '../confine/grant.ts';
import { compareVersions } from '../formats/versions.ts';
import type { PluginSpec } from '../names.ts';
import type { CallOptions } from './api.ts';
import type { Context } from './context.ts';
import { filesByManifest } from './file-kinds.ts';
import { verifyEvidence } from './evidence.ts';
import { permitFor, type Withheld } from './grants-permit.ts';
import { readPointer } from './pointer.ts';
import { policyCase, policyObjections } from './policy-judge.ts';
import { leastMode, onRevoked, rulesFor, startsFirst } from './policy.ts';
import { readSeen } from './seen.ts';
import { openSession, readIndex } from './session.ts';

/** What the policy says about a plugin on this host, and which rule says it. */
export interface PolicyExplanation {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly installed: string | null;
  /** All rules that are about it. */
  readonly rules: readonly { readonly place: string; readonly says: string }[];
  readonly leastMode: { readonly mode: Mode; readonly place: string | null };
  readonly onRevoked: OnRevoked;
  /** The rule that demands that a version is started before it stays; `null` = none does. */
  readonly startsFirst: string | null;
  /** Of the installed version: what it asks for and does not get, and by which rule; `null` = none is, or it may not run. */
  readonly withheld: readonly Withheld[] | null;
  /** Newest first, each with the rules that keep it out. */
  readonly versions: readonly {
    readonly version: string;
    readonly refusedBy: readonly {
      readonly place: string;
      readonly code: string;
      readonly message: string;
    }[];
  }[];
}

export async function explainPolicy(
  context: Context,
  spec: PluginSpec,
  { signal }: CallOptions,
): Promise<PolicyExplanation> {
  const session = await openSession(context, signal);
  const options = { remember: false, signal };
  const index = await readIndex(context, session, spec, options);
  const seen = await readSeen(context, session, spec, options);
  const pointer = await readPointer(context, spec);
  const rules = rulesFor(session.policies, spec);
  const { revocations } = session;
  const filesOf = filesByManifest(context, session, index, signal);
  const about = await policyCase(context, { rules, index, seen, pointer, revocations, filesOf });
  const versions: PolicyExplanation['versions'][number][] = [];
  for (const [version, entry] of [...index.versions].toSorted(([a], [b]) => compareVersions(b, a)))
    versions.push({
      version,
      refusedBy: (await policyObjections(about, { version, entry })).flatMap(({ place, objection }) =>
        objection === null ? [] : [{ place, code: objection.code, message: objection.message }],
      ),
    });
  return {
    repository: context.record.alias,
    vendor: spec.vendor,
    plugin: spec.plugin,
    installed: pointer?.version ?? null,
    rules: rules.map(({ place, rule }) => ({ place, says: ruleWords(rule) })),
    leastMode: leastMode(rules),
    onRevoked: onRevoked(rules),
    startsFirst: startsFirst(rules)?.place ?? null,
    withheld: pointer === null ? null : await withheldFrom(context, pointer),
    versions,
  };
}

async function withheldFrom(
  context: Context,
  pointer: Parameters<typeof verifyEvidence>[1] & Parameters<typeof verifyEvidence>[2],
): Promise<readonly Withheld[] | null> {
  try {
    return (await permitFor(context, await verifyEvidence(context, pointer, pointer))).withheld;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

/** A rule as a sentence: `acme/*: at least mode sandbox; waits 24 hours`. */
export function ruleWords(rule: PolicyRule): string {
  const { cooldown, rollout, files, capabilities, grant } = rule;
  const says = [
    rule.refuse ? 'refused' : '',
    rule.versions === null ? '' : `only versions ${rule.versions}`,
    rule.mode === null ? '' : `at least mode ${rule.mode}`,
    cooldown === null
      ? ''
      : `waits ${cooldown.hours} hours after the catalog first saw it${cooldown.unlessReplacingRevoked ? ', unless what is installed is revoked' : ''}`,
    rollout === null
      ? ''
      : `on ${rollout.percent} % of the hosts${rollout.channel === null ? '' : ` while the channel ${rollout.channel} points to it`}`,
    rule.requires.length === 0 ? '' : `demands ${rule.requires.join(', ')}`,
    files === null ? '' : fileKindsWords(files),
    capabilities === null ? '' : `at most ${mostWords(capabilities)}`,
    rule.onRevoked === null
      ? ''
      : `${rule.onRevoked === 'stop' ? 'is stopped' : 'goes on with a warning'} when revoked`,
    rule.healthCheck === null ? '' : 'is started before it stays',
    grant === null
      ? ''
      : `agrees in advance to ${grant === 'all' ? 'all that it asks for' : mostWords(grant)}`,
  ].filter((part) => part !== '');
  const because = rule.reason === null ? '' : ` (${rule.reason})`;
  return `${ruleIsFor(rule)}: ${says.join('; ') || 'nothing'}${because}`;
}

function mostWords(most: CapabilityPolicy): string {
  return new TextDecoder().decode(canonicalJson(mostToJson(most)));
}
