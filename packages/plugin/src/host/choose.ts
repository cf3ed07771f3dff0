import type { PluginManifest } from '../formats/manifest.ts';
import type { IndexEntry, PluginIndex } from '../formats/plugin-index.ts';
import type { Revocations } from '../formats/revocations.ts';
import { compareVersions, isPrerelease, loadRanges } from '../formats/versions.ts';
import type { PluginVersion } from '../names.ts';
import { HostNotFoundError, HostPolicyError } from './errors.ts';

export interface Chosen {
  readonly version: PluginVersion;
  readonly entry: IndexEntry;
  /** It was asked for by this very version. */
  readonly exact: boolean;
  /** What would have been taken instead, but for a rule; `null` = nothing. */
  readonly heldBack?: { readonly version: PluginVersion; readonly error: HostPolicyError } | null;
}

/** Whether this Node is one that the plugin was made for; an engine that we are not, or a range that is none, does not count. */
export async function enginesFit(engines: ReadonlyMap<string, string>): Promise<boolean> {
  const range = engines.get('node');
  if (range === undefined) return true;
  const atLeast = /^>= ?(\d{1,5})(?:\.0){0,2}$/.exec(range)?.[1]; // nearly all of them; no need to load semver
  if (atLeast !== undefined) return Number(process.versions.node.split('.')[0]) >= Number(atLeast);
  const ranges = await loadRanges();
  return (
    !ranges.isRange(range) || ranges.satisfies(process.versions.node, range, { includePrerelease: true })
  );
}

/** Why a version may not be installed; `null` = it may. */
async function objection(
  what: string,
  entry: IndexEntry,
  revocations: Revocations,
): Promise<HostPolicyError | null> {
  const hint = `another version: ragv info ${what.slice(0, what.lastIndexOf('@'))}`;
  const revoked = revocations.get(entry.artifact.sha256) ?? revocations.get(entry.manifest.sha256);
  if (revoked !== undefined)
    return new HostPolicyError('REVOKED', `${what} is revoked since ${revoked.at}: ${revoked.reason}`, {
      hint,
    });
  if (entry.yanked !== null)
    return new HostPolicyError('YANKED', `${what} was yanked on ${entry.yanked.at}: ${entry.yanked.reason}`, {
      hint,
    });
  if (!(await enginesFit(entry.engines)))
    return new HostPolicyError(
      'ENGINES',
      `${what} is made for Node ${entry.engines.get('node') ?? ''}, this is ${process.versions.node}`,
    );
  return null;
}

/** The word of the policy on a version; `null` = it lets it through. */
export type Judge = (one: Pick<Chosen, 'version' | 'entry'>) => Promise<HostPolicyError | null>;

/**
 * The version that `wanted` means: an exact one, a channel, or the highest of a range that is neither yanked nor revoked and
 * fits this Node; nothing wanted is the channel `latest`. Prereleases only where they are asked for. Where a rule holds the
 * newest back, the newest that it lets through.
 *
 * @throws NO_SUCH_VERSION, YANKED, REVOKED, ENGINES, and what `judge` says
 */
export async function chooseVersion(
  index: PluginIndex,
  wanted: string | null,
  options: { readonly revocations: Revocations; readonly prerelease: boolean; readonly judge?: Judge | null },
): Promise<Chosen> {
  const name = `${index.vendor}/${index.plugin}`;
  const { revocations, prerelease, judge = null } = options;
  const named = [...index.versions].find(([version]) => version === wanted);
  const channel = wanted ?? (prerelease ? '*' : 'latest');
  const pointed = index.channels.get(channel);
  const candidates =
    named !== undefined
      ? [named]
      : pointed !== undefined
        ? [
            ...[...index.versions].filter(([version]) => version === pointed),
            ...(channel === 'latest' && judge !== null ? await below(index, pointed) : []),
          ]
        : await highestFirst(index, channel === 'latest' ? '*' : channel, prerelease);
  let refused: HostPolicyError | null = null;
  let heldBack: NonNullable<Chosen['heldBack']> | null = null;
  for (const [version, entry] of candidates) {
    const why = await objection(`${name}@${version}`, entry, revocations);
    const rule = why === null ? ((await judge?.({ version, entry })) ?? null) : null;
    if (why === null && rule === null) return { version, entry, exact: named !== undefined, heldBack };
    refused ??= why ?? rule; // of the highest one
    if (rule !== null) heldBack ??= { version, error: rule };
    else if (version === pointed) break; // a channel means what it points to, if no rule holds that back
  }
  if (refused !== null) {
    const isBad = refused.code === 'REVOKED' || refused.code === 'YANKED';
    if (!isBad || wanted === '*') throw refused;
    const other = await chooseVersion(index, '*', options).catch(() => null);
    if (other === null) throw refused;
    throw new HostPolicyError(refused.code, refused.message, {
      hint: `ragv install ${name}@${other.version}`,
    });
  }
  const all = [...index.versions.keys()].toSorted((a, b) => compareVersions(b, a));
  throw new HostNotFoundError(
    'NO_SUCH_VERSION',
    `${name} has no version ${wanted ?? 'in the channel latest'}`,
    {
      hint: `it has ${all.slice(0, 10).join(', ') || 'none'}`,
    },
  );
}

/** Stable versions below one, the highest first. */
async function below(index: PluginIndex, version: PluginVersion) {
  return (await highestFirst(index, '*', false)).filter(([other]) => compareVersions(other, version) < 0);
}

async function highestFirst(index: PluginIndex, range: string, prerelease: boolean) {
  const all = [...index.versions].toSorted(([a], [b]) => compareVersions(b, a));
  if (range === '*') return all.filter(([version]) => prerelease || !isPrerelease(version));
  const ranges = await loadRanges();
  return ranges.isRange(range)
    ? all.filter(([version]) => ranges.satisfies(version, range, { includePrerelease: prerelease }))
    : [];
}

/** `any`, or systems after commas, each with a processor or without: `darwin,win32`, `linux-x64-glibc`. @throws PLATFORM */
export function checkPlatform(manifest: PluginManifest): void {
  const here = `${process.platform}-${process.arch}`;
  const fits = (target: string): boolean =>
    target === 'any' || target === process.platform || target === here || target.startsWith(`${here}-`);
  if (manifest.target.split(',').some(fits)) return;
  throw new HostPolicyError(
    'PLATFORM',
    `${manifest.vendor}/${manifest.plugin}@${manifest.version} was packed for ${manifest.target}, this is ${here}`,
  );
}
