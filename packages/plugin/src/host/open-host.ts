import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';

import { pluginVersion, type PluginSpec } from '../names.ts';
import { readHeld, rememberHeld } from './consent-held.ts';
import type { ConsentAnswer } from './consent-answer.ts';
import { ConsentRequiredError } from './consent.ts';
import type { Host, HostEvent, HostOptions, InstallOptions, InstallResult } from './api.ts';
import { rollbackPlugin, uninstallPlugin } from './change.ts';
import type { Context } from './context.ts';
import { readSpec, recoverIfDead, withLock } from './context.ts';
import { HostFailureError } from './errors.ts';
import {
  checkCallOptions,
  checkHostLimits,
  checkHostOptions,
  checkInstallOptions,
  checkLogOptions,
  checkRollbackOptions,
  checkRunOptions,
  checkUninstallOptions,
  checkVerifyOptions,
} from './given-options.ts';
import { eventLog, newest } from './events.ts';
import { installPlugin, unchanged } from './install.ts';
import { describe } from './kept.ts';
import { defaultHostLimits } from './limits.ts';
import { info, search, status } from './look.ts';
import { homeFolder } from './paths.ts';
import { localPolicy, policiesKnown } from './policy-file.ts';
import { requirePointer } from './pointer.ts';
import { asDamaged, pointers } from './pointers.ts';
import { chooseRepository, installedNames } from './record.ts';
import { openSession, type Session } from './session.ts';
import { damagedResult, heldFor, verifyPlugin } from './verify.ts';
import { requireWanted } from './wanted.ts';

/**
 * The plugins of one repository on this machine. Throws `NO_REPOSITORY` if `alias` is not trusted here and
 * `AMBIGUOUS_REPOSITORY` if none is given and several are. Touches no network.
 */
export async function openHost(options: HostOptions): Promise<Host> {
  checkHostOptions(options);
  return hostOn(await openContext(options));
}

/** What a host works with; a dead process's work is cleaned up behind it. @throws as `openHost` */
export async function openContext(options: HostOptions): Promise<Context> {
  const limits = options.limits ?? defaultHostLimits;
  checkHostLimits(limits);
  if (limits.keepVersions < 2)
    throw new HostFailureError('BAD_SPEC', 'at least 2 versions are kept: rollback needs one');
  const now = options.now ?? (() => new Date());
  const about = { now, maxLength: limits.logMaxLength, onEvent: options.onEvent };
  const { record, paths } = await chooseRepository(options.home, options.alias).catch((error: unknown) => {
    eventLog(homeFolder(options.home), { ...about, repository: options.alias ?? null }).refusal(error, null);
    throw error;
  });
  const context: Context = {
    home: options.home,
    record,
    paths,
    project: options.project ?? null,
    fetcher: options.fetcher,
    allowHttp: options.allowHttp ?? false,
    offline: options.offline ?? false,
    now,
    limits,
    events: eventLog(paths.folder, { ...about, repository: record.alias }),
    progress: (progress) => options.onProgress?.(progress),
    step: (name) => options.step?.(name),
    healthCheck: options.healthCheck ?? null,
    startCheck: options.startCheck ?? null,
    localPolicy: options.policy === undefined ? null : await localPolicy(options.policy),
  };
  await recoverIfDead(context);
  return context;
}

export function hostOn(context: Context): Host {
  /** Every refusal becomes an event before it reaches the caller. */
  const guarded = async <T>(plugin: string | null, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      context.events.refusal(error, plugin);
      throw error;
    }
  };
  return {
    repository: { ...context.record, plugins: installedNames(context.paths).length },
    install: (spec, options = {}) =>
      guarded(spec, async () => {
        checkInstallOptions('install', options);
        const read = readSpec(context, spec);
        return await withLock(context, options.signal, async () =>
          installPlugin(context, await openSession(context, options.signal), read, {
            ...options,
            intent: 'install',
          }),
        );
      }),
    update: (spec, options = {}) =>
      guarded(spec ?? null, async () => {
        checkInstallOptions('update', options);
        return update(context, spec, options);
      }),
    rollback: (spec, options = {}) =>
      guarded(spec, async () => {
        checkRollbackOptions(options);
        const read = readSpec(context, spec);
        return await withLock(context, options.signal, () => rollbackPlugin(context, read, options));
      }),
    uninstall: (spec, options = {}) =>
      guarded(spec, async () => {
        checkUninstallOptions(options);
        const read = readSpec(context, spec);
        return await withLock(context, options.signal, () => uninstallPlugin(context, read, options));
      }),
    list: () =>
      guarded(null, async () =>
        Promise.all((await pointers(context)).readable.map((p) => describe(context, p))),
      ),
    damaged: () =>
      guarded(null, async () => (await pointers(context)).unreadable.map((one) => asDamaged(context, one))),
    info: (spec, options = {}) =>
      guarded(spec, () => {
        checkCallOptions('info', options);
        return info(context, readSpec(context, spec), options);
      }),
    explain: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('explain', options);
        const { explain } = await import('./explain.ts'); // not at import: installing needs none of it
        return explain(context, readSpec(context, spec), options);
      }),
    manifest: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('manifest', options);
        const { publishedManifest } = await import('./published-manifest.ts'); // not at import either
        return publishedManifest(context, readSpec(context, spec), options);
      }),
    files: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('files', options);
        const { publishedFiles } = await import('./published-manifest.ts');
        const read = readSpec(context, spec);
        return await withLock(context, options.signal, () => publishedFiles(context, read, options));
      }),
    search: (text, options = {}) =>
      guarded(null, () => {
        checkCallOptions('search', options);
        return search(context, text, options);
      }),
    verify: (spec, options = {}) =>
      guarded(spec ?? null, async () => {
        checkVerifyOptions(options);
        const { readable, unreadable } =
          spec === undefined
            ? await pointers(context)
            : { readable: [await requireWanted(context, readSpec(context, spec))], unreadable: [] };
        const results = unreadable.map((one) => damagedResult(asDamaged(context, one)));
        for (const pointer of readable) results.push(await verifyPlugin(context, pointer, options));
        return results;
      }),
    status: (options = {}) =>
      guarded(null, () => {
        checkCallOptions('status', options);
        return status(context, options);
      }),
    run: (spec, args, options = {}) =>
      guarded(spec, async () => {
        checkRunOptions(options);
        return (await import('./run.ts')).runPlugin(context, readSpec(context, spec), args, options);
      }),
    artifact: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('artifact', options);
        const { installedArtifact } = await import('./artifact.ts');
        const pointer = await requireWanted(context, readSpec(context, spec));
        return installedArtifact(context, pointer, options.signal);
      }),
    grants: (spec) =>
      guarded(spec ?? null, async () => {
        const { grantOf } = await import('./grants-list.ts');
        const chosen =
          spec === undefined
            ? (await pointers(context)).readable
            : [await requirePointer(context, readSpec(context, spec))];
        return Promise.all(chosen.map((pointer) => grantOf(context, pointer)));
      }),
    withdraw: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('withdraw', options);
        const { withdraw } = await import('./grants-list.ts');
        const read = readSpec(context, spec);
        await withLock(context, options.signal, () => withdraw(context, read));
      }),
    policies: () => guarded(null, () => policiesKnown(context)),
    explainPolicy: (spec, options = {}) =>
      guarded(spec, async () => {
        checkCallOptions('explainPolicy', options);
        const { explainPolicy } = await import('./policy-explain.ts');
        return explainPolicy(context, readSpec(context, spec), options);
      }),
    log: async (options = {}) => {
      checkLogOptions(options);
      return readLog(context, options.last ?? 100);
    },
  };
}

async function update(
  context: Context,
  spec: string | undefined,
  options: InstallOptions,
): Promise<readonly InstallResult[]> {
  return await withLock(context, options.signal, async () => {
    const one = spec === undefined ? null : readSpec(context, spec);
    const { readable, unreadable } =
      one === null
        ? await pointers(context)
        : { readable: [await requirePointer(context, one)], unreadable: [] };
    const chosen = readable.map(({ vendor, plugin }) => ({ vendor, plugin, wanted: one?.wanted ?? null }));
    const failures: unknown[] = unreadable.map(({ error }) => error);
    for (const more of unreadable.slice(1)) asDamaged(context, more); // the first is recorded as it leaves
    if (chosen.length === 0 && failures.length === 0) return [];
    const session = await openSession(context, options.signal);
    const results: InstallResult[] = [];
    for (const next of chosen)
      try {
        results.push(await updateOrHold(context, session, next, options));
      } catch (error) {
        if (
          chosen.length + unreadable.length === 1 ||
          !(error instanceof VaultError || error instanceof DiskError)
        )
          throw error;
        if (failures.length > 0) context.events.refusal(error, `${next.vendor}/${next.plugin}`);
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
    return results;
  });
}

/** What has to be agreed to is no failure of an update: the version in force stays, and what is held is remembered. */
async function updateOrHold(
  context: Context,
  session: Session,
  one: PluginSpec,
  options: InstallOptions,
): Promise<InstallResult> {
  const known = options.grantHeld === true ? await readHeld(context, one) : null;
  const manifest = known?.manifest ?? null;
  const grant: ConsentAnswer | undefined =
    manifest === null ? options.grant : { granted: 'all', to: manifest, by: 'flag' };
  let result: InstallResult;
  try {
    result = await installPlugin(context, session, one, { ...options, grant, intent: 'update' });
  } catch (error) {
    if (!(error instanceof ConsentRequiredError)) throw error;
    const { version } = error.request;
    context.events.refusal(error, `${one.vendor}/${one.plugin}@${version}`);
    const held = { ...heldFor(error), version: pluginVersion(version) };
    const pointer = await requirePointer(context, one);
    result = {
      ...unchanged(context, pointer),
      dryRun: options.dryRun ?? false,
      held: { ...held, manifest: error.request.manifest, since: context.now().toISOString() },
      request: error.request,
    };
  }
  if (options.dryRun !== true) await rememberHeld(context, one, result.held);
  return result;
}

/** What was refused on this host before any repository was trusted or chosen. Oldest first. */
export function homeLog({
  home,
  last = 100,
}: {
  readonly home: string;
  readonly last?: number;
}): readonly HostEvent[] {
  const about = { repository: null, now: () => new Date(), maxLength: defaultHostLimits.logMaxLength };
  return eventLog(homeFolder(home), about).read(last);
}

/** This repository's events, and those from before it was chosen. */
function readLog(context: Context, last: number): readonly HostEvent[] {
  const before = homeLog({ home: context.home, last }).filter(
    ({ repository }) => repository === null || repository === context.record.alias,
  );
  const all = [...before, ...context.events.read(last)];
  return newest(
    all.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)),
    last,
  );
}
