import { AuditLog, LogError, type LogHead } from '@ragnos/tlog';
import { logRestarts, type Root, type Timestamp } from '@ragnos/tuf';
import { logHeadOf } from '../audit.ts';
import { pendingRestart } from '../log-restart.ts';
import type { Engine } from '../transact.ts';
import type { CallOptions } from '../types.ts';

const headsTried = 100;

/** Whether the store holds a log that can be continued at `head`. */
export async function isLog({ storage }: Engine, head: LogHead, options: CallOptions): Promise<boolean> {
  try {
    await new AuditLog(storage).needs(head, options);
    return true;
  } catch (error) {
    if (error instanceof LogError) return false;
    throw error;
  }
}

/**
 * Where the log goes on after a thief had the key that signs its head: at the head that is signed now if it continues the one
 * that this operator saw last, else at that one, else at the longest that is in the store. One that root has given up stays signed,
 * and the next one begins, unless it has begun: root's word is for all to read, and a thief may sign what it speaks of once more.
 * `null`: there is no log, and this operator knows of none.
 */
export async function soundLog(
  engine: Engine,
  timestamp: Timestamp | null,
  root: Root,
  options: CallOptions,
): Promise<LogHead | null> {
  const approved = logRestarts(root).length;
  const [signed, seen] = [signedHead(timestamp, approved), await engine.reader.seenLog()];
  const isGivenUp = pendingRestart(root, signed) !== null;
  if (isGivenUp && !(await hasBegun(engine, (signed?.restarts ?? 0) + 1, seen, options))) return signed;
  const isSeenThere = seen !== null && (await isLog(engine, seen, options));
  const isSignedThere = signed !== null && !isGivenUp && (await isLog(engine, signed, options));
  const isNewer = (signed?.restarts ?? 0) > (seen?.restarts ?? 0);
  if (isSignedThere && (!isSeenThere || isNewer || (await continues(engine, seen, signed, options))))
    return signed;
  if (isSeenThere) return seen;
  for (let restarts = approved; restarts >= 0; restarts--) {
    const head = await longestStored(engine, restarts, options);
    if (head !== null) return head;
  }
  return seen; // lost: nobody publishes before root gives it up
}

async function hasBegun(
  engine: Engine,
  restarts: number,
  seen: LogHead | null,
  options: CallOptions,
): Promise<boolean> {
  return (seen?.restarts ?? 0) >= restarts || (await longestStored(engine, restarts, options)) !== null;
}

async function longestStored(
  engine: Engine,
  restarts: number,
  options: CallOptions,
): Promise<LogHead | null> {
  const heads = await new AuditLog(engine.storage).storedHeads(restarts, options);
  for (const head of heads.slice(0, headsTried)) if (await isLog(engine, head, options)) return head;
  return null;
}

async function continues(
  { storage }: Engine,
  old: LogHead,
  head: LogHead,
  options: CallOptions,
): Promise<boolean> {
  try {
    await new AuditLog(storage).consistencyProof(old, head, options);
    return true;
  } catch (error) {
    if (error instanceof LogError) return false;
    throw error;
  }
}

function signedHead(timestamp: Timestamp | null, approved: number): LogHead | null {
  try {
    const head = timestamp === null ? null : logHeadOf(timestamp);
    return head === null || (head.restarts ?? 0) > approved ? null : head;
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}
