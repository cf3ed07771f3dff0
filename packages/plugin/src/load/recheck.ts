import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';
import { lstatSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { capabilityDifference } from '../capabilities/difference.ts';
import type { OnRevoked } from '../formats/organisation-policy.ts';
import type { Context } from '../host/context.ts';
import { verifyEvidence } from '../host/evidence.ts';
import { HostPolicyError, HostUntrustedError } from '../host/errors.ts';
import { grantsFile } from '../host/grants.ts';
import { policyFile } from '../host/policy-file.ts';
import { openSession, openUpdater, revocationsFile } from '../host/session.ts';
import { isAtLeast } from '../host/policy.ts';
import { actionFor, judgeRunning } from '../host/watch.ts';
import { verifyTree } from './activate.ts';
import type { Recheck } from './api.ts';
import { permitToStart, type StartPermit } from './permit.ts';
import type { Started } from './start.ts';

export const defaultRecheckMs = 15 * 60_000;

/** How soon what another process has brought to this home, or was agreed to, is heeded. */
const lookMs = 5_000;
const refreshMs = 30_000;
const openingMs = 1_000;

/** What runs, as far as judging it again goes. */
export interface Live {
  /** `null` between two starts and at the end. */
  readonly started: Started | null;
  stop(error: Error): Promise<void>;
  judged(error: Error, stopped: boolean): void;
}

export interface WatchOptions {
  /** Between two refreshes; 0 = nothing is done by itself. */
  readonly everyMs: number;
  readonly sealAboveBytes?: number | undefined;
  /** What the refresh at the beginning brings counts as known at the start: what it revokes is ended, whatever policy says. */
  readonly startsFirst?: boolean;
}

/** The watch over what runs. */
export interface Watch {
  /** @throws the signal's reason */
  recheck(options: {
    readonly refresh: boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly Recheck[]>;
  /** Settles when the refresh at the beginning is over, if there is one; never rejects. */
  readonly begun: Promise<void>;
  close(): void;
}

/**
 * Judges what is in `live` again: soon after this home has heard something new, and after a refresh of its own as soon as what
 * is known is older than `everyMs`. Never keeps the program alive; without a network what is known goes on to count.
 */
export function watchRunning(context: Context, live: ReadonlySet<Live>, options: WatchOptions): Watch {
  const { everyMs, sealAboveBytes, startsFirst = false } = options;
  const over = new AbortController();
  const judgeAll = async (known: 'at start' | 'later'): Promise<readonly Recheck[]> => {
    const found = await Promise.all([...live].map((one) => judge(context, one, { sealAboveBytes, known })));
    return found.filter((one) => one !== null);
  };
  const refresh = async (signal: AbortSignal | undefined): Promise<void> => {
    try {
      await openSession(context, signal);
    } catch (error) {
      if (!(error instanceof VaultError || error instanceof DiskError)) throw error;
      context.events.refusal(error, null); // what is known already is judged by all the same
    }
  };
  const byItself = async (known: 'at start' | 'later'): Promise<void> => {
    const late = AbortSignal.any([over.signal, AbortSignal.timeout(refreshMs)]);
    if (!context.offline) await refresh(late).catch(() => undefined);
    if (!over.signal.aborted) await judgeAll(known).catch(() => undefined); // tried again soon
  };
  const watch = async (): Promise<void> => {
    const quiet = { ref: false, signal: over.signal };
    if (!startsFirst) await wait(Math.min(everyMs, openingMs), undefined, quiet); // whoever opens a vault is about to load
    const age = await knowledgeAge(context, everyMs);
    let next = performance.now() + everyMs - age;
    if (age === everyMs) {
      await byItself(startsFirst ? 'at start' : 'later');
      next = performance.now() + everyMs;
    }
    settle();
    for (let seen = mark(context, live); !over.signal.aborted;) {
      const pause = Math.max(1, Math.min(lookMs, next - performance.now()));
      await wait(pause, undefined, quiet);
      const now = mark(context, live);
      if (performance.now() >= next) {
        await byItself('later');
        next = performance.now() + everyMs;
      } else if (now !== seen) await judgeAll('later').catch(() => undefined);
      seen = now;
    }
  };
  let settle: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (settle = resolve));
  if (everyMs === 0) settle();
  else watch().catch(settle); // it was closed
  return {
    begun,
    recheck: async ({ refresh: asked, signal }) => {
      if (asked) await refresh(signal);
      return judgeAll('later');
    },
    close: () => over.abort(),
  };
}

/** How old what is known is, at most `most`: so much also where nobody ever asked. */
async function knowledgeAge(context: Context, most: number): Promise<number> {
  try {
    const { ageMs } = (await openUpdater({ ...context, offline: true }, undefined)).knowledge();
    return Math.min(most, Math.max(0, ageMs ?? most));
  } catch {
    return most; // the refresh says what is wrong
  }
}

/** Differs when something was learnt or agreed to that starts are judged by. */
function mark(context: Context, live: ReadonlySet<Live>): string {
  const files = [revocationsFile(context), policyFile(context)];
  for (const { started } of live)
    if (started !== null) files.push(grantsFile(context, started.activated.pointer));
  const marks = files.map((file) => {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    return stat === undefined ? '' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
  });
  return marks.join('\n');
}

/**
 * Why it would not be started as it runs: a rule names other versions, or it may do more than it would get now. What was
 * uninstalled is judged so too: its consent went with it.
 */
async function overstepping(context: Context, started: Started): Promise<HostPolicyError | null> {
  const { activated, permit, given, process: confined } = started;
  const { name, manifest } = activated;
  let now: StartPermit;
  try {
    now = await permitToStart(context, manifest, given);
  } catch (error) {
    if (error instanceof HostPolicyError) return error;
    throw error;
  }
  const more = [
    ...capabilityDifference(now.capabilities, permit.capabilities).wider.map(({ text }) => text),
    ...permit.folders.filter((folder) => !now.folders.includes(folder)).map((folder) => `uses ${folder}`),
    ...(isAtLeast(confined.mode, now.leastMode) ? [] : [`is confined in mode ${confined.mode} alone`]),
  ];
  if (more.length === 0) return null;
  const what = `${name} does what it would not be started with now: it ${more.join('; ')}`;
  return new HostPolicyError('NOT_ALLOWED', what, { hint: 'start it again: it gets what is left' });
}

/** By what this host knows now. A revocation is for the policy; a tree that changed is repaired, since what runs was verified. */
async function judge(
  context: Context,
  one: Live,
  about: { readonly sealAboveBytes: number | undefined; readonly known: 'at start' | 'later' },
): Promise<Recheck | null> {
  const { started } = one;
  if (started === null) return null;
  const { name, pointer, manifest } = started.activated;
  let action: OnRevoked = 'stop';
  try {
    const judged = await judgeRunning(context, pointer);
    if (judged !== null) {
      if (about.known === 'later') action = judged.action; // as the newest policy says, not as it was when this was started
      throw judged.error;
    }
    const over = await overstepping(context, started);
    if (over !== null) {
      if (over.code !== 'CONSENT_REQUIRED') action = await actionFor(context, pointer);
      throw over;
    }
    await verifyEvidence(context, pointer, pointer);
    const { sealAboveBytes } = about;
    const tree = await verifyTree(context, { name, pointer, manifest }, { repair: true, sealAboveBytes });
    if (tree === 'whole') return null;
    const repaired = new HostUntrustedError(
      'TREE_CHANGED',
      `${name}: its files were not as signed, and were put right from its archive`,
      { hint: 'what runs was verified before; find out who changed them' },
    );
    one.judged(repaired, false);
    return { plugin: name, error: repaired, stopped: false };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const stopped = action === 'stop';
    context.events.refusal(error, name);
    one.judged(error, stopped);
    if (stopped) await one.stop(error);
    return { plugin: name, error, stopped };
  }
}
