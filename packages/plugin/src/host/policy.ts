import type { Capabilities } from '../capabilities/capabilities.ts';
import { widens } from '../capabilities/difference.ts';
import { narrow } from '../capabilities/narrow.ts';
import type { Mode } from '../confine/grant.ts';
import type { OnRevoked, OrganisationPolicy, PolicyRule } from '../formats/organisation-policy.ts';
import type { PluginId } from './grants.ts';

/** A policy that is in force here, and where it stands. */
export interface PolicySource {
  /** A file, or `policy/organisation.json of main`. */
  readonly from: string;
  /** By the repository's policy keys: it narrows, and never consents for a host. */
  readonly signed: boolean;
  readonly policy: OrganisationPolicy;
}

/** A rule and where it stands: what every refusal names. */
export interface PlacedRule {
  /** `/etc/ragv/policy.json rules[2]` */
  readonly place: string;
  readonly signed: boolean;
  readonly rule: PolicyRule;
}

const silent: PolicyRule = {
  vendor: null,
  plugin: null,
  reason: null,
  refuse: false,
  versions: null,
  mode: null,
  cooldown: null,
  rollout: null,
  requires: [],
  files: null,
  capabilities: null,
  onRevoked: null,
  healthCheck: null,
  grant: null,
};

/** All rules that are about a plugin. Every one of them holds, so that a policy more never allows more. */
export function rulesFor(sources: readonly PolicySource[], id: PluginId): readonly PlacedRule[] {
  return sources.flatMap(({ from, signed, policy: { vendors, rules } }) => {
    const placed = rules.flatMap((rule, index) =>
      (rule.vendor === null || rule.vendor === id.vendor) &&
      (rule.plugin === null || rule.plugin === id.plugin)
        ? [{ place: `${from} rules[${index}]`, signed, rule }]
        : [],
    );
    if (vendors === null || vendors.includes(id.vendor)) return placed;
    const allowed = vendors.join(', ') || 'nobody';
    const stranger = { ...silent, refuse: true, reason: `only plugins of ${allowed} are allowed` };
    return [{ place: `${from} vendors`, signed, rule: stranger }, ...placed];
  });
}

/** What is left of `capabilities` under every rule. */
export function narrowAll(rules: readonly PlacedRule[], capabilities: Capabilities): Capabilities {
  return rules.reduce((left, { rule }) => narrow(left, rule.capabilities ?? {}), capabilities);
}

const byStrength: readonly Mode[] = ['trusted', 'process', 'sandbox', 'compute'];

export function isAtLeast(mode: Mode, least: Mode): boolean {
  return byStrength.indexOf(mode) >= byStrength.indexOf(least);
}

/** The weakest mode that every rule lets through, and whose rule that is; `trusted` and `null` where none says anything. */
export function leastMode(rules: readonly PlacedRule[]): {
  readonly mode: Mode;
  readonly place: string | null;
} {
  let least: { readonly mode: Mode; readonly place: string | null } = { mode: 'trusted', place: null };
  for (const { place, rule } of rules)
    if (rule.mode !== null && !isAtLeast(least.mode, rule.mode)) least = { mode: rule.mode, place };
  return least;
}

export function onRevoked(rules: readonly PlacedRule[]): OnRevoked {
  return rules.some(({ rule }) => rule.onRevoked === 'stop') ? 'stop' : 'warn';
}

/** The rule that demands that a version is started before it stays. */
export function startsFirst(rules: readonly PlacedRule[]): PlacedRule | null {
  return rules.find(({ rule }) => rule.healthCheck === 'start') ?? null;
}

/**
 * The rule of the host's own policy that consents in advance to all that the rules leave of what is asked for; `null` = none
 * does. A repository's policy cannot consent for a host.
 */
export function grantedAhead(
  rules: readonly PlacedRule[],
  asked: Capabilities,
): { readonly place: string; readonly granted: Capabilities } | null {
  const left = narrowAll(rules, asked);
  for (const { place, signed, rule } of rules) {
    if (signed || rule.grant === null) continue;
    const granted = rule.grant === 'all' ? asked : narrow(asked, rule.grant);
    if (!widens(granted, left)) return { place, granted };
  }
  return null;
}
