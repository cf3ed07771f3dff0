import { AuditLog, LogError, type LogHead } from '@ragnos/tlog';
import type { Timestamp } from '@ragnos/tuf';
import { logHeadOf } from '../audit.ts';
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
 * that this operator saw last, else at that one, else at the longest that is in the store. `null`: there is no log.
 */
export async function soundLog(
  engine: Engine,
  timestamp: Timestamp | null,
  options: CallOptions,
): Promise<LogHead | null> {
  const [signed, seen] = [signedHead(timestamp), await engine.reader.seenLog()];
  const isSeenThere = seen !== null && (await isLog(engine, seen, options));
  const isSignedThere = signed !== null && (await isLog(engine, signed, options));
  if (isSignedThere && (!isSeenThere || (await continues(engine, seen, signed, options)))) return signed;
  if (isSeenThere) return seen;
  for (const head of (await storedHeads(engine, options)).slice(0, headsTried))
    if (await isLog(engine, head, options)) return head;
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

function signedHead(timestamp: Timestamp | null): LogHead | null {
  try {
    return timestamp === null ? null : logHeadOf(timestamp);
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}

/** The longest first. */
async function storedHeads({ storage }: Engine, options: CallOptions): Promise<readonly LogHead[]> {
  const heads: LogHead[] = [];
  for await (const { key } of storage.list('log/head/', options)) {
    const [, size, root] = /^log\/head\/(\d{1,15})-([0-9a-f]{64})\.jsonl$/.exec(key) ?? [];
    if (size !== undefined && root !== undefined) heads.push({ size: Number(size), root });
  }
  return heads.toSorted((a, b) => b.size - a.size);
}
