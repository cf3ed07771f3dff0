import type { Fetcher } from '@ragnos/client';
import { DiskError, lockFile, type Lock } from '@ragnos/disk';
import { existsSync } from 'node:fs';

import { pluginSpec, type PluginSpec } from '../names.ts';
import type { HostOptions, HostProgress } from './api.ts';
import { HostNotFoundError } from './errors.ts';
import type { EventLog } from './events.ts';
import type { HostLimits } from './limits.ts';
import type { PolicySource } from './policy.ts';
import { ensureFolder } from './paths.ts';
import type { RepositoryPaths } from './paths.ts';
import { recover } from './recover.ts';
import type { Trusted } from './record.ts';
import type { InstallStep } from './steps.ts';

/** What every operation on one repository of this host works with. */
export interface Context {
  readonly home: string;
  readonly record: Trusted['record'];
  readonly paths: RepositoryPaths;
  /** `null` = no `ragv.lock` is read or written. */
  readonly project: string | null;
  readonly fetcher: Fetcher | undefined;
  readonly allowHttp: boolean;
  readonly offline: boolean;
  readonly now: () => Date;
  readonly limits: HostLimits;
  readonly events: EventLog;
  readonly progress: (progress: HostProgress) => void;
  readonly step: (name: InstallStep) => void;
  readonly healthCheck: NonNullable<HostOptions['healthCheck']> | null;
  /** `null` = the host itself starts it. */
  readonly startCheck: NonNullable<HostOptions['startCheck']> | null;
  /** The host's own policy; `null` = it has none. */
  readonly localPolicy: PolicySource | null;
}

/** Runs `action` alone among all processes on this repository, after cleaning up behind one that died. */
export async function withLock<T>(
  context: Context,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  ensureFolder(context.paths.folder);
  const lock = await lockFile(context.paths.lock, { signal });
  try {
    await recover(context);
    return await action();
  } finally {
    lock.release();
  }
}

/** The lock for what may be left undone; `null` while somebody else is at work, or where nothing can be written. */
export async function lockIfFree(context: Context): Promise<Lock | null> {
  try {
    return await lockFile(context.paths.lock, { timeoutMs: 0 });
  } catch (error) {
    if (error instanceof DiskError) return null;
    throw error;
  }
}

/** A journal without a lock holder is a dead process's; with one, somebody is at work and readers see the old state. */
export async function recoverIfDead(context: Context): Promise<void> {
  if (!existsSync(context.paths.journal)) return;
  const lock = await lockIfFree(context);
  if (lock === null) return; // held, or a disk that whoever writes next will complain about
  try {
    await recover(context);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  } finally {
    lock.release();
  }
}

/** `alias:vendor/plugin@wanted`, where the alias may be left out; it is not checked here. */
export function splitAlias(spec: string): { readonly alias: string | null; readonly spec: string } {
  const colon = spec.indexOf(':');
  const slash = spec.indexOf('/');
  if (colon < 0 || (slash >= 0 && slash < colon)) return { alias: null, spec };
  return { alias: spec.slice(0, colon), spec: spec.slice(colon + 1) };
}

/** Reads a spec, whose alias, if any, must be this repository's. @throws NameError, NO_REPOSITORY */
export function readSpec(context: Pick<Context, 'record'>, raw: string): PluginSpec {
  const { alias, spec } = splitAlias(raw);
  if (alias !== null && alias !== context.record.alias)
    throw new HostNotFoundError('NO_REPOSITORY', `${raw}: this is the repository ${context.record.alias}`, {
      hint: `ragv --repository ${alias} …`,
    });
  return pluginSpec(spec);
}
