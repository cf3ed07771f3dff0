import { VaultError } from '@ragnos/tuf';

import { firstSeenOf, type SeenDigests } from '../formats/catalog.ts';
import type { PluginIndex } from '../formats/plugin-index.ts';
import { compareVersions, loadRanges } from '../formats/versions.ts';
import type { OrganisationPolicy } from '../formats/organisation-policy.ts';
import type { Revocations } from '../formats/revocations.ts';
import type { PluginVersion } from '../names.ts';
import type { Judge } from './choose.ts';
import type { Context } from './context.ts';
import { HostPolicyError } from './errors.ts';
import { kindsObjection, type FilesOf } from './file-kinds.ts';
import type { Versioned } from './locate.ts';
import type { Pointer } from './pointer.ts';
import { isInRange } from './pinned.ts';
import type { PlacedRule } from './policy.ts';
import { unseen, type Seen } from './seen.ts';
import { hostId, shareOf } from './rollout.ts';

/** What the judgement of a version counts on; nothing of it is the vendor's own claim but which channel points where. */
export interface PolicyCase {
  readonly rules: readonly PlacedRule[];
  readonly index: Pick<PluginIndex, 'vendor' | 'plugin' | 'channels'>;
  /** `null` = the catalog says nothing about the plugin. */
  readonly seen: SeenDigests | null;
  readonly now: Date;
  /** sha256 of the manifest that is in force; it has waited already. `null` = none is. */
  readonly installed: string | null;
  /** The version in force was revoked: its successor is an emergency. */
  readonly replacesRevoked: boolean;
  /** Where this host stands among all, from 0 to below 100; `null` = a rollback, which no rollout is about. */
  readonly share: number | null;
  /** `null` = only what this host knows already counts: whoever installs looks at the files. */
  readonly filesOf: FilesOf | null;
}

/** Of the plugin as this host has it; makes the host's id where a rule asks for its share. */
export async function policyCase(
  context: Context,
  about: {
    readonly rules: readonly PlacedRule[];
    readonly index: PolicyCase['index'];
    readonly seen: Seen | null;
    readonly pointer: Pointer | null;
    readonly revocations: Revocations;
    readonly filesOf: FilesOf | null;
  },
): Promise<PolicyCase> {
  const { rules, index, seen, pointer, revocations, filesOf } = about;
  const staged = rules.some(({ rule }) => rule.rollout !== null);
  const isRevoked = (digest: string | undefined): boolean => digest !== undefined && revocations.has(digest);
  return {
    rules,
    index,
    seen: seen?.digests ?? null,
    now: context.now(),
    installed: pointer?.manifest ?? null,
    replacesRevoked: isRevoked(pointer?.artifact) || isRevoked(pointer?.manifest),
    share: staged ? shareOf(await hostId(context.home), index) : 0,
    filesOf,
  };
}

/** Why a rule keeps a version from this host, by the first that does; `null` = all rules let it through. */
export async function policyObjection(about: PolicyCase, one: Versioned): Promise<HostPolicyError | null> {
  for (const placed of about.rules) {
    const why = await objectionOf(placed, about, one);
    if (why !== null) return why;
  }
  return null;
}

/**
 * For choosing a version; `null` = no rule is about the plugin. What the door never saw is not for a rule to hold back: it is
 * chosen, and refused for that.
 */
export async function judgeFor(
  context: Context,
  about: Omit<Parameters<typeof policyCase>[1], 'index'> & { readonly index: PluginIndex },
): Promise<Judge | null> {
  if (about.rules.length === 0) return null;
  const { seen, index } = about;
  const found = await policyCase(context, about);
  return async (one) => (unseen(seen, index, one) === null ? policyObjection(found, one) : null);
}

/** Every rule's own word on a version, for whoever wants to know which decided; also why its files cannot be known. */
export async function policyObjections(
  about: PolicyCase,
  one: Versioned,
): Promise<readonly { readonly place: string; readonly objection: VaultError | null }[]> {
  return Promise.all(
    about.rules.map(async (placed) => ({
      place: placed.place,
      objection: await objectionOf(placed, about, one).catch((error: unknown) => {
        if (error instanceof VaultError) return error;
        throw error;
      }),
    })),
  );
}

async function objectionOf(
  placed: PlacedRule,
  about: PolicyCase,
  one: Versioned,
): Promise<HostPolicyError | null> {
  const { place, rule } = placed;
  const { version, entry } = one;
  const name = `${about.index.vendor}/${about.index.plugin}`;
  const what = `${name}@${version}`;
  const because = rule.reason === null ? '' : `: ${rule.reason}`;
  const explain = `ragv policy explain ${name}`;
  if (rule.refuse)
    return new HostPolicyError('NOT_ALLOWED', `${what} is refused by ${place}${because}`, { hint: explain });
  if (rule.versions !== null && !(await isInRange(rule.versions, version)))
    return new HostPolicyError(
      'NOT_PINNED',
      `${what} is not within ${rule.versions}, says ${place}${because}`,
      {
        hint: `choose another version: ragv info ${name}`,
      },
    );
  const gates = about.seen?.get(entry.artifact.sha256)?.gates ?? [];
  const missing = rule.requires.filter((gate) => !gates.includes(gate));
  if (missing.length > 0)
    return new HostPolicyError(
      'EVIDENCE_DEMANDED',
      `${what}: ${place} demands ${missing.join(', ')}, and the catalog does not say that it was checked`,
      { hint: 'a demand that nobody has checked refuses: ask the operator of the repository' },
    );
  const hasWaited = about.installed === entry.manifest.sha256; // and its turn has come
  const waits = hasWaited ? null : (cooling(place, about, one, rule) ?? waiting(place, about, version, rule));
  if (waits !== null || about.filesOf === null) return waits;
  return kindsObjection(placed, what, about.filesOf, one); // last, since it takes the manifest
}

function cooling(
  place: string,
  { index, seen, now, replacesRevoked }: PolicyCase,
  { version, entry }: Versioned,
  { cooldown }: PlacedRule['rule'],
): HostPolicyError | null {
  if (cooldown === null || cooldown.hours === 0 || (cooldown.unlessReplacingRevoked && replacesRevoked))
    return null;
  const what = `${index.vendor}/${index.plugin}@${version}`;
  const first = seen === null ? null : firstSeenOf(seen, entry);
  if (first === null)
    return new HostPolicyError(
      'COOLDOWN',
      `${what}: ${place} demands ${cooldown.hours} hours since it was first seen, and the catalog does not say when that was`,
      { hint: 'what a vendor says about its own times does not count: ask the operator of the repository' },
    );
  const until = new Date(Date.parse(first) + cooldown.hours * 3_600_000);
  if (now >= until) return null;
  return new HostPolicyError(
    'COOLDOWN',
    `${what} was first seen at ${first}; ${place} lets it in ${cooldown.hours} hours later, at ${until.toISOString()}`,
    { hint: `an older version may be old enough: ragv info ${index.vendor}/${index.plugin}` },
  );
}

function waiting(
  place: string,
  { index, share }: PolicyCase,
  version: PluginVersion,
  { rollout }: PlacedRule['rule'],
): HostPolicyError | null {
  if (rollout === null || share === null || rollout.percent === 100) return null;
  if (rollout.channel !== null) {
    const pointed = index.channels.get(rollout.channel);
    if (pointed === undefined || compareVersions(version, pointed) > 0)
      return new HostPolicyError(
        'ROLLOUT',
        `${index.vendor}/${index.plugin}@${version} is not rolled out: ${place} speaks of the channel ${rollout.channel}, ${pointed === undefined ? 'which it does not have' : `which points to ${pointed}`}`,
        { hint: `its channels: ragv info ${index.vendor}/${index.plugin}` },
      );
    if (pointed !== version) return null; // an older one has had its turn
  }
  if (share < rollout.percent) return null;
  return new HostPolicyError(
    'ROLLOUT',
    `${index.vendor}/${index.plugin}@${version} goes to ${rollout.percent} % of the hosts so far, says ${place}; this one comes at ${Math.floor(share) + 1} %`,
    { hint: 'nothing is to be done: it comes when the share is raised' },
  );
}

/** Rules whose versions are no range, a sentence each: they would let nothing through. */
export async function rangeProblems({ rules }: OrganisationPolicy): Promise<readonly string[]> {
  const ranges = await loadRanges();
  return rules.flatMap(({ versions }, index) =>
    versions === null || ranges.isRange(versions)
      ? []
      : [`rules[${index}]: ${versions} is no range of versions`],
  );
}
