import type { PluginManifest } from '../formats/manifest.ts';
import type { KnownOwner } from '../formats/owners.ts';
import type { PluginIndex } from '../formats/plugin-index.ts';
import { compareVersions } from '../formats/versions.ts';
import type { PluginSpec } from '../names.ts';
import type { InstallOptions, InstallResult } from './api.ts';
import type { HeldUpdate } from './reports.ts';
import { chooseVersion } from './choose.ts';
import type { Chosen } from './choose.ts';
import { commit, relock } from './commit.ts';
import { heldBack, readHeld, rememberHeld } from './consent-held.ts';
import { decideConsent, keepConsent, type Agreed } from './consent.ts';
import { pruneContent } from './content.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostPolicyError, HostUntrustedError } from './errors.ts';
import { sha256Of, verifyEvidence } from './evidence.ts';
import { filesByManifest } from './file-kinds.ts';
import { firstLineChanges, haveFirstLines } from './first-lines.ts';
import { locate, type Source } from './locate.ts';
import { checkVendor } from './owner.ts';
import { ensureFolder, pluginPaths } from './paths.ts';
import { isOnTrial, readPointer, treeFolder, type Pointer } from './pointer.ts';
import { pinnedElsewhere } from './pinned.ts';
import { judgeFor } from './policy-judge.ts';
import { rulesFor, startsFirst, type PlacedRule } from './policy.ts';
import { checkLocked } from './project-lock.ts';
import { removeJournal, sweepPlugin, writeJournal } from './recover.ts';
import { names } from './record.ts';
import type { Session } from './session.ts';
import { readIndex } from './session.ts';
import { readSeen, unseen } from './seen.ts';
import { place, stageVersion } from './stage.ts';
import { asDiskError } from './state-file.ts';
import { compareTree } from './tree.ts';
import { heldFor } from './verify.ts';
import { weakerEvidence } from './weaker-evidence.ts';

/** `update`: a lower version than the installed one is no error, there is just nothing to do. */
export type Intent = 'install' | 'update';

/** Installs what `spec` means. The lock is held; a failure at any point leaves what was installed as it was. */
export async function installPlugin(
  context: Context,
  session: Session,
  spec: PluginSpec,
  options: InstallOptions & { readonly intent: Intent },
): Promise<InstallResult> {
  const { signal, dryRun = false } = options;
  const accept = options.acceptOwner === spec.vendor;
  const { owner, notes } = await checkVendor(context, session, spec, { accept, remember: !dryRun, signal });
  const result = await installChosen(context, session, spec, { ...options, owner });
  return { ...result, notes: [...notes, ...result.notes] };
}

async function installChosen(
  context: Context,
  session: Session,
  spec: PluginSpec,
  options: InstallOptions & { readonly intent: Intent; readonly owner: KnownOwner | null },
): Promise<InstallResult> {
  const { signal, dryRun = false, owner } = options;
  const remember = !dryRun;
  const [reading, seeing] = [
    readIndex(context, session, spec, { remember, signal }),
    readSeen(context, session, spec, { remember, signal }),
  ];
  await Promise.allSettled([reading, seeing]); // nobody is still writing when one of them throws
  const index = await reading;
  if (remember) context.step('index');
  const seen = await seeing;
  if (remember) context.step('first seen');
  const pointer = await readPointer(context, spec);
  const wanted = spec.wanted ?? (options.intent === 'update' ? (pointer?.wanted ?? null) : null);
  const { revocations } = session;
  const rules = rulesFor(session.policies, spec);
  const filesOf = filesByManifest(context, session, index, signal);
  const judge = await judgeFor(context, { rules, index, seen, pointer, revocations, filesOf });
  const chosen = await chooseVersion(index, wanted, {
    revocations,
    prerelease: options.prerelease ?? false,
    judge,
  });
  const held = heldBack(context, chosen, options.intent === 'update');
  const failed =
    options.intent === 'update' && !chosen.exact ? await failedBefore(context, chosen, spec) : null;
  if (pointer !== null && failed !== null) return { ...unchanged(context, pointer), held: failed };
  const refused = unseen(seen, index, chosen);
  if (refused !== null) throw refused;
  const lower = pointer !== null && compareVersions(chosen.version, pointer.version) < 0;
  if (pointer !== null && lower && options.intent === 'update' && !chosen.exact) {
    await refusePinned(rules, pointer, chosen);
    return { ...unchanged(context, pointer), held };
  }
  if (pointer !== null && lower && !chosen.exact) refuseDowngrade(index, chosen, pointer);
  await checkLocked(context, `${spec.vendor}/${spec.plugin}`, chosen.version, chosen.entry);
  // Offline the metadata may have gone on without this plugin's; what is whole and wanted needs none of it.
  const same = pointer !== null && pointer.manifest === chosen.entry.manifest.sha256;
  if (context.offline && same) {
    const manifest = await wholeManifest(context, pointer, signal);
    if (manifest !== null) return await keepAsIs(context, pointer, manifest, rules, { ...options, held });
  }
  const located = await locate(context, session, index, chosen, signal);
  const asked = {
    wanted: chosen.exact ? null : wanted,
    latest: wanted === null && options.prerelease !== true,
  };
  if (pointer !== null && pointer.manifest === sha256Of(located.manifestInfo)) {
    const manifest = await wholeManifest(context, pointer, signal);
    if (manifest !== null) {
      const result = await keepAsIs(context, pointer, manifest, rules, { ...options, held });
      if (!dryRun) await relock(context, session, located, { ...pointer, ...asked }, owner);
      return result;
    }
  }
  const paths = pluginPaths(context.paths, spec.vendor, spec.plugin);
  ensureFolder(context.paths.folder, 'plugins', spec.vendor, spec.plugin);
  let [begun, done] = [false, false];
  const before = await manifestInForce(context, pointer);
  const agree = async (
    { manifest, manifestInfo }: Source,
    started: readonly string[] = [],
  ): Promise<Agreed> => {
    const weaker = before === null ? [] : weakerEvidence(before, manifest, seen?.digests ?? null);
    const about = { manifest, digest: sha256Of(manifestInfo), before, weaker, rules, started };
    return decideConsent(context, { ...about, answer: options.grant, operation: options.intent });
  };
  // One question holds all that there is to agree to: an answer to a part of it would count for the rest.
  const early = async (source: Source): Promise<Agreed | null> =>
    before !== null && haveFirstLines(before, source.manifest) ? null : agree(source);
  const kept = names(paths.evidence);
  try {
    writeJournal(context, { operation: 'install', vendor: spec.vendor, plugin: spec.plugin, kept });
    begun = true;
    context.step('journal');
    const stage = await stageVersion(
      context,
      session,
      { index, located, version: chosen.version, agree: early },
      paths,
      options,
    );
    const { installed, source } = stage;
    const folder = stage.tree ?? treeFolder(paths, installed);
    const old =
      pointer === null || before === null ? null : { manifest: before, folder: treeFolder(paths, pointer) };
    const started = old === null ? [] : firstLineChanges(old, { manifest: source.manifest, folder });
    const agreed = stage.agreed ?? (await agree(source, started));
    if (!dryRun) {
      await place(context, paths, stage);
      await keepConsent(context, source.manifest, agreed);
      context.step('consent');
      const startFirst = options.startFirst === true || startsFirst(rules) !== null;
      await commit(context, session, { pointer, source, installed, asked, owner, startFirst, signal });
      if ((await readHeld(context, spec))?.version === installed.version)
        await rememberHeld(context, spec, null);
    }
    done = !dryRun;
    return {
      ...unchanged(context, { ...spec, ...installed }),
      previous: pointer?.version ?? null,
      files: source.manifest.files.length,
      downloaded: stage.downloaded,
      changed: true,
      dryRun,
      notes: notesOf(source.manifest),
      held,
    };
  } catch (error) {
    if (pointer !== null && error instanceof HostFailureError && error.code === 'HEALTH_CHECK')
      await rememberHeld(context, spec, { ...heldFor(error), version: chosen.version, manifest: null });
    throw asDiskError(`cannot install ${spec.vendor}/${spec.plugin}`, error);
  } finally {
    if (!done && !isOnTrial(paths)) {
      await sweepPlugin(context, spec.vendor, spec.plugin, kept);
      await pruneContent(context);
    }
    // While it is on trial whoever comes next goes back; and one that was there before is that of another plugin on trial.
    if (begun && !isOnTrial(paths)) removeJournal(context);
    if (done) context.step('journal removed');
  }
}

/** What is installed is none of those that a rule names: it stays, and is not started. */
async function refusePinned(rules: readonly PlacedRule[], pointer: Pointer, chosen: Chosen): Promise<void> {
  const elsewhere = await pinnedElsewhere(rules, pointer.version);
  if (elsewhere === null) return;
  const name = `${pointer.vendor}/${pointer.plugin}`;
  throw new HostPolicyError(
    'NOT_PINNED',
    `${name}@${pointer.version} is not within ${elsewhere.rule.versions}, says ${elsewhere.place}, and an update goes to no lower version`,
    { hint: `ragv install ${name}@${chosen.version}` },
  );
}

/** A version that did not live is not tried again by itself; whoever asks to install it tries it. */
async function failedBefore(context: Context, chosen: Chosen, spec: PluginSpec): Promise<HeldUpdate | null> {
  const held = await readHeld(context, spec);
  return held?.code === 'HEALTH_CHECK' && held.version === chosen.version ? held : null;
}

function refuseDowngrade(index: PluginIndex, chosen: Chosen, pointer: Pointer): never {
  const name = `${index.vendor}/${index.plugin}`;
  throw new HostPolicyError(
    'DOWNGRADE',
    `${name}@${chosen.version} is lower than the installed ${pointer.version}`,
    {
      hint: `if that is what you want: ragv install ${name}@${chosen.version}`,
    },
  );
}

/** Nothing was to be done. */
export function unchanged(
  context: Context,
  about: Pick<Pointer, 'vendor' | 'plugin' | 'version' | 'treeHash'>,
): InstallResult {
  const { vendor, plugin, version, treeHash } = about;
  const name = { repository: context.record.alias, vendor, plugin, version, treeHash };
  const nothing = { files: 0, downloaded: 0, changed: false, dryRun: false, notes: [] };
  return { ...name, previous: version, ...nothing, held: null, request: null };
}

/** What is asked for is installed. It may have been before there was consent, or that was taken back, or is given anew. */
async function keepAsIs(
  context: Context,
  pointer: Pointer,
  manifest: PluginManifest,
  rules: readonly PlacedRule[],
  options: InstallOptions & { readonly intent: Intent; readonly held: HeldUpdate | null },
): Promise<InstallResult> {
  if (options.intent === 'install') {
    const about = { manifest, digest: pointer.manifest, before: manifest, weaker: [], rules };
    const agreed = await decideConsent(context, { ...about, answer: options.grant, operation: 'install' });
    if (options.dryRun !== true && agreed.isNew) await keepConsent(context, manifest, agreed);
  }
  return { ...unchanged(context, pointer), held: options.held };
}

/** As signed; `null` = nothing is in force, or nothing vouches for it any more. */
async function manifestInForce(context: Context, pointer: Pointer | null): Promise<PluginManifest | null> {
  try {
    return pointer === null ? null : await verifyEvidence(context, pointer, pointer);
  } catch (error) {
    if (error instanceof HostUntrustedError) return null;
    throw error;
  }
}

function notesOf(manifest: PluginManifest): readonly string[] {
  const scripts = manifest.lifecycleScripts;
  return scripts.length === 0 ? [] : [`lifecycle scripts were not run: ${scripts.join(', ')}`];
}

/** Of what is installed, if chain and tree are whole; `null` = they are not, and it is installed anew. */
async function wholeManifest(
  context: Context,
  pointer: Pointer,
  signal: AbortSignal | undefined,
): Promise<PluginManifest | null> {
  const manifest = await manifestInForce(context, pointer);
  if (manifest === null) return null;
  const folder = treeFolder(pluginPaths(context.paths, pointer.vendor, pointer.plugin), pointer);
  return (await compareTree(folder, manifest.files, { signal })).length === 0 ? manifest : null;
}
