import type { PluginSpec } from '../names.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { InstallOptions, InstallResult } from './api.ts';
import type { InstalledPlugin } from './reports.ts';
import { rememberHeld } from './consent-held.ts';
import { decideConsent, keepConsent } from './consent.ts';
import { pruneContent } from './content.ts';
import type { Context } from './context.ts';
import { HostNotFoundError, HostPolicyError, HostUntrustedError } from './errors.ts';
import { verifyEvidence } from './evidence.ts';
import type { Floors } from './floors.ts';
import { removeConsents, type PluginId } from './grants.ts';
import { describe } from './kept.ts';
import { installAnother } from './other-version.ts';
import { isTrial, movePointer, type Move } from './move-pointer.ts';
import { pluginPaths } from './paths.ts';
import type { Installed, Pointer } from './pointer.ts';
import { isOnTrial, removePointer, requirePointer, treeFolder } from './pointer.ts';
import { policiesKnown } from './policy-file.ts';
import { policyObjection } from './policy-judge.ts';
import { rulesFor, startsFirst, type PlacedRule } from './policy.ts';
import { updateLock } from './project-lock.ts';
import { removeJournal, sweepPlugin, writeJournal } from './recover.ts';
import { knownSeen } from './seen.ts';
import { knownIndex, knownRevocations } from './session.ts';
import { compareTree } from './tree.ts';
import { asDiskError } from './state-file.ts';
import { requireWanted } from './wanted.ts';

/**
 * Points to the version that was installed before, if its chain and tree are whole and nothing known here speaks against it.
 * The version that is left becomes the previous one, so that a second rollback undoes the first. Asks nobody; started first it is
 * where a rule says so. The lock is held.
 */
export async function rollbackPlugin(
  context: Context,
  spec: PluginSpec,
  options: Pick<InstallOptions, 'dryRun' | 'grant' | 'signal'>,
): Promise<InstallResult> {
  const { signal, dryRun = false, grant: answer } = options;
  const pointer = await requirePointer(context, spec);
  const { vendor, plugin, rootSha256, wanted, latest, previous, ...current } = pointer;
  const name = `${vendor}/${plugin}`;
  if (previous === null)
    throw new HostNotFoundError('NO_PREVIOUS', `${name} has had no version before ${pointer.version}`, {
      hint: `choose one: ragv info ${name}`,
    });
  await refuseKnownBad(context, spec, previous);
  const manifest = await verifyEvidence(context, pointer, previous);
  const paths = pluginPaths(context.paths, vendor, plugin);
  const findings = await compareTree(treeFolder(paths, previous), manifest.files, { signal });
  if (findings.length > 0)
    throw new HostUntrustedError(
      'TREE_CHANGED',
      `${name}@${previous.version}: ${findings.length} ${findings.length === 1 ? 'file is' : 'files are'} not as signed`,
      { hint: `ragv install ${name}@${previous.version}` },
    );
  const rules = rulesFor(await policiesKnown(context), spec);
  await refuseByRules(context, spec, rules, manifest, previous.manifest);
  const before = await verifyEvidence(context, pointer, pointer).catch((error: unknown) => {
    if (error instanceof HostUntrustedError) return null; // what is left may be damaged: that is a reason to leave it
    throw error;
  });
  const about = { manifest, digest: previous.manifest, before, weaker: [], rules, answer };
  const agreed = await decideConsent(context, { ...about, operation: 'rollback' });
  const next: Pointer = { vendor, plugin, rootSha256, wanted, latest, ...previous, previous: current };
  if (!dryRun) {
    await keepConsent(context, manifest, agreed);
    const startFirst = startsFirst(rules) !== null;
    await moveBack(context, { before: pointer, next, manifest, startFirst, signal });
    const id = `${name}@${previous.version}`;
    context.events.change('ROLLED_BACK', `${id}, was ${pointer.version}`, id);
  }
  return {
    repository: context.record.alias,
    vendor,
    plugin,
    version: previous.version,
    previous: pointer.version,
    treeHash: previous.treeHash,
    files: manifest.files.length,
    downloaded: 0,
    changed: true,
    dryRun,
    notes: [],
    held: null,
    request: null,
  };
}

/** As an update is moved to: a rule that a version is started before it stays knows no other way to one. */
async function moveBack(context: Context, move: Omit<Move, 'lock'>): Promise<void> {
  const { vendor, plugin } = move.next;
  const paths = pluginPaths(context.paths, vendor, plugin);
  const about = { pointer: move.next, owner: null, floors: (before: Floors) => before };
  const lock = async (): Promise<void> => updateLock(context, `${vendor}/${plugin}`, about);
  if (!isTrial(context, move.startFirst)) return movePointer(context, { ...move, lock });
  writeJournal(context, { operation: 'rollback', vendor, plugin, kept: null });
  try {
    await movePointer(context, { ...move, lock });
  } finally {
    if (!isOnTrial(paths)) removeJournal(context); // else whoever comes next goes back
  }
}

/** The rules of installing, by what this host knows, but for a rollout: a version that was here before is not on its way. */
async function refuseByRules(
  context: Context,
  spec: PluginSpec,
  rules: readonly PlacedRule[],
  manifest: PluginManifest,
  digest: string,
): Promise<void> {
  if (rules.length === 0) return;
  const seen = (await knownSeen(context, spec))?.digests ?? null;
  const index = { vendor: spec.vendor, plugin: spec.plugin, channels: new Map() };
  const about = {
    rules,
    index,
    seen,
    now: context.now(),
    installed: null,
    replacesRevoked: false,
    share: null,
    filesOf: () => Promise.resolve(manifest.files),
  };
  const { version, artifact } = manifest;
  const entry = { artifact, manifest: { name: '', length: 0, sha256: digest } };
  const objection = await policyObjection(about, { version, entry });
  if (objection !== null) throw objection;
}

/** What this host knows already, without asking. @throws REVOKED, YANKED */
async function refuseKnownBad(
  context: Context,
  spec: PluginSpec,
  version: Pointer['previous'] & object,
): Promise<void> {
  const name = `${spec.vendor}/${spec.plugin}@${version.version}`;
  await refuseRevoked(context, { ...spec, ...version });
  const yanked = (await knownIndex(context, spec))?.versions.get(version.version)?.yanked ?? null;
  if (yanked !== null)
    throw new HostPolicyError('YANKED', `${name} was yanked on ${yanked.at}: ${yanked.reason}`, {
      hint: await installAnother(context, spec),
    });
}

/** @throws REVOKED, by what this host has seen */
export async function refuseRevoked(
  context: Context,
  installed: PluginId & Pick<Installed, 'version' | 'artifact' | 'manifest'>,
): Promise<void> {
  const name = `${installed.vendor}/${installed.plugin}@${installed.version}`;
  const known = await knownRevocations(context);
  const revoked = known.get(installed.artifact) ?? known.get(installed.manifest);
  if (revoked === undefined) return;
  throw new HostPolicyError('REVOKED', `${name} is revoked since ${revoked.at}: ${revoked.reason}`, {
    hint: await installAnother(context, installed),
  });
}

/** After the project's lock the pointer goes: from then on it is not installed, whatever happens to the rest. The lock is held. */
export async function uninstallPlugin(
  context: Context,
  spec: PluginSpec,
  options: { readonly dryRun?: boolean | undefined },
): Promise<InstalledPlugin> {
  const pointer = await requireWanted(context, spec);
  const was = await describe(context, pointer);
  if (options.dryRun === true) return was;
  const { vendor, plugin } = pointer;
  try {
    writeJournal(context, { operation: 'uninstall', vendor, plugin, kept: null });
    await updateLock(context, `${vendor}/${plugin}`, null); // where this fails, it is installed as it was
    await removeConsents(context, pointer);
    await rememberHeld(context, pointer, null);
    await removePointer(pluginPaths(context.paths, vendor, plugin));
    await sweepPlugin(context, vendor, plugin, null);
    await pruneContent(context);
    removeJournal(context);
  } catch (error) {
    throw asDiskError(`cannot uninstall ${vendor}/${plugin}`, error);
  }
  context.events.change('UNINSTALLED', `${vendor}/${plugin}@${pointer.version}`, `${vendor}/${plugin}`);
  return was;
}
