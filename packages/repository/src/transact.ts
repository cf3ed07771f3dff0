import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskError, lockFile, type Lock } from '@ragnos/disk';
import type { Signer } from '@ragnos/signing';
import { StorageError, type Storage } from '@ragnos/storage';
import { LogError } from '@ragnos/tlog';
import type { Key, TopLevelRole } from '@ragnos/tuf';
import { settleEntries, type AuditOptions } from './audit.ts';
import { refuseClockBehind } from './clock.ts';
import { commit, type CommitContext, type Outcome } from './commit.ts';
import type { Client } from './compat.ts';
import { decide } from './commits.ts';
import { SigningDesk } from './desk.ts';
import { PublishError } from './errors.ts';
import type { Head, HeadReader } from './head.ts';
import type { Incoming } from './incoming.ts';
import { newAttempt, removeFiles, type Attempt, type Journal } from './journal.ts';
import type { Lifetimes } from './layout.ts';
import { restoreLost } from './retention/publisher.ts';
import type { CallOptions, PublishResult, SignerSource } from './types.ts';
import { Workspace } from './workspace.ts';

/** What every operation works with. One operation at a time. */
export interface Engine {
  readonly storage: Storage;
  readonly reader: HeadReader;
  readonly journal: Journal;
  readonly source: SignerSource;
  readonly lifetimes: Lifetimes;
  readonly compat: readonly Client[];
  readonly now: () => Date;
  readonly staging: string | undefined;
  readonly maxAttempts: number;
  readonly keyOverlap: number;
  readonly audit: AuditOptions | null;
  readonly onCommitted: (timestamp: Uint8Array) => Promise<void>;
}

export interface Plan {
  readonly workspace: Workspace;
  readonly resign?: CommitContext['resign'];
}

export interface TransactOptions extends CallOptions {
  readonly extra?: readonly Signer[];
  /** Keys that sign a top-level role beside its own, if they are at hand. */
  readonly also?: (role: TopLevelRole) => readonly Key[];
  readonly orPreviousRoot?: boolean;
  /** What was signed in the future of this clock was signed by a wrong one. */
  readonly clockIsRight?: boolean;
  /** As in `CommitContext`. */
  readonly incoming?: readonly Incoming[];
}

type Tried = { readonly attempt: Attempt; readonly outcome: Exclude<Outcome, { kind: 'unchanged' }> };

/**
 * Commits what `prepare` makes of the head, on each new head again until nobody is faster. `prepare` may run many times.
 * @throws PublishError CONFLICT after `maxAttempts`, OUTCOME_UNKNOWN, CLOCK_BEHIND; what `prepare` and `commit` throw
 */
export async function transact(
  engine: Engine,
  prepare: (workspace: Workspace, desk: SigningDesk) => Promise<Plan>,
  options: TransactOptions = {},
): Promise<PublishResult> {
  const { signal } = options;
  let undecided: readonly Tried[] = [];
  for (let attempts = 1; attempts <= engine.maxAttempts; attempts++) {
    signal?.throwIfAborted();
    const turn = await localTurn(engine.staging, signal);
    try {
      const head = await engine.reader.read(options);
      const done = await settleTried(engine, head, undecided);
      if (done.committed !== null) {
        await afterwards(engine, done.committed);
        return resultOf(done.committed, attempts - 1);
      }
      undecided = done.open;
      // What only the root before vouches for may be a thief's: it does not keep its owner from signing.
      if (options.clockIsRight !== true && !head.underPreviousRoot)
        refuseClockBehind(head.timestamp.signed, engine.now());
      const desk = new SigningDesk(engine.source, options.extra);
      const { workspace, resign } = await prepare(new Workspace(head, engine.now()), desk);
      const tried = await tryOnce(engine, workspace, desk, resign, options);
      if (tried === null)
        return { changed: false, version: head.timestamp.signed.version, roles: new Map(), attempts };
      const { attempt, outcome } = tried;
      if (outcome.kind === 'committed') {
        await engine.journal.forget(attempt);
        await afterwards(engine, tried);
        return resultOf(tried, attempts);
      }
      if (outcome.kind === 'unknown') undecided = [...undecided, tried];
      else await discard(engine, attempt);
    } finally {
      turn?.release();
    }
    await backOff(attempts, signal);
  }
  throw new PublishError(
    undecided.length > 0 ? 'OUTCOME_UNKNOWN' : 'CONFLICT',
    `not committed after ${engine.maxAttempts} tries: others were faster each time, or the store did not answer`,
    { hint: 'try again; the repository is whole, in its old state or the new one' },
  );
}

/** `null`: nothing to do. What was written by a try that throws is removed, if the store lets us; else the journal knows. */
async function tryOnce(
  engine: Engine,
  workspace: Workspace,
  desk: SigningDesk,
  resign: CommitContext['resign'],
  { signal, also = () => [], incoming = [] }: TransactOptions,
): Promise<Tried | null> {
  const { head } = workspace;
  const attempt = newAttempt(head.timestamp.signed.version + 1);
  try {
    const outcome = await commit(workspace, attempt, {
      storage: engine.storage,
      journal: engine.journal,
      desk,
      lifetimes: engine.lifetimes,
      compat: engine.compat,
      audit: engine.audit,
      incoming,
      also: (role) => [...also(role), ...outgoingKeys(engine, head, role)],
      signal,
      ...(resign === undefined ? {} : { resign }),
    });
    return outcome.kind === 'unchanged' ? null : { attempt, outcome };
  } catch (error) {
    if (attempt.files.size > 0) await discard(engine, attempt).catch(() => undefined);
    throw error;
  }
}

async function discard({ storage, journal }: Engine, attempt: Attempt): Promise<void> {
  await removeFiles(storage, attempt.files, null, () => Promise.resolve(new Set()));
  await journal.forget(attempt);
}

interface Settled {
  readonly committed: Tried | null;
  readonly open: readonly Tried[];
}

/** Tries whose answer was lost: whose head is it now? */
async function settleTried(engine: Engine, head: Head, undecided: readonly Tried[]): Promise<Settled> {
  const open: Tried[] = [];
  let committed: Tried | null = null;
  for (const tried of undecided) {
    const fate = decide(head.timestamp.signed, tried.attempt);
    if (fate === 'open') open.push(tried);
    else if (fate === 'lost') await discard(engine, tried.attempt);
    else if (fate === 'committed') {
      committed = tried;
      await engine.journal.forget(tried.attempt);
    } else
      throw new PublishError(
        'OUTCOME_UNKNOWN',
        'the store did not answer, and too much was published since to tell',
        {
          hint: 'look whether what you published is there',
        },
      );
  }
  return { committed, open };
}

/** Keys that a root dropped go on signing for the longest session of a client that still holds the root before it. */
function outgoingKeys({ now, keyOverlap }: Engine, head: Head, role: TopLevelRole): readonly Key[] {
  return head.formerRoots
    .filter(({ until }) => now().getTime() - until.getTime() <= keyOverlap * 1000)
    .flatMap(({ root }) => root.roles.get(role)?.keyIds.map((id) => root.keys.get(id)) ?? [])
    .filter((key) => key !== undefined);
}

/** What was committed is read back as a client reads it; that also remembers it as seen. Its failure undoes nothing. */
async function afterwards(engine: Engine, { outcome }: Tried): Promise<void> {
  try {
    await restoreLost(engine.storage, outcome.rewritten);
    if (outcome.staged !== null) await settleEntries(engine.storage, outcome.staged);
    const head = await engine.reader.read({ written: outcome.snapshot });
    await engine.onCommitted(head.timestamp.bytes);
    await engine.journal.recover(head);
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof DiskError || error instanceof LogError))
      throw error;
  }
}

function resultOf({ outcome }: Tried, attempts: number): PublishResult {
  const { version, roles, lapsed } = outcome;
  return { changed: true, version, roles, attempts, ...(lapsed === undefined ? {} : { lapsed }) };
}

/**
 * Publishers of one machine take turns, so that they do not waste each other's work. Only a courtesy: after five seconds
 * one goes ahead without its turn, and the compare-and-swap decides.
 */
async function localTurn(staging: string | undefined, signal: AbortSignal | undefined): Promise<Lock | null> {
  if (staging === undefined) return null;
  try {
    return await lockFile(join(staging, 'turn.lock'), { timeoutMs: 5000, signal });
  } catch (error) {
    if (error instanceof DiskError) return null;
    throw error;
  }
}

/** Full jitter: whoever lost together does not come back together. */
async function backOff(attempts: number, signal: AbortSignal | undefined): Promise<void> {
  const most = Math.min(2000, 20 * 2 ** Math.min(attempts, 10));
  await sleep(Math.random() * most, undefined, signal === undefined ? {} : { signal });
}
