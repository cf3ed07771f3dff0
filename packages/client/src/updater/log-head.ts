import { isJsonObject, type Timestamp } from '@ragnos/tuf';
import { LogWentBackError } from '../errors.ts';

/** A member of our repositories' timestamps: how long their audit log is, and its root hash. */
const member = 'x-ragnos-log';

/**
 * A log never gets shorter, and one of the same length is the same. Whoever signs the timestamp could otherwise forget what
 * was done, and hosts are many that remember. That a longer log continues the shorter one shows an auditor (`ragv log verify --since`).
 * @throws LogWentBackError
 */
export function refuseShorterLog(before: Timestamp | null, now: Timestamp | null): void {
  const seen = before === null ? null : headOf(before);
  if (seen === null || now === null) return;
  const head = headOf(now);
  const hint = 'nothing was changed here; ask the operator of the repository what became of its audit log';
  if (head === null || head.size < seen.size)
    throw new LogWentBackError(
      `timestamp: its audit log has ${head?.size ?? 0} entries; this host has seen ${seen.size}`,
      { hint },
    );
  if (head.size === seen.size && head.root !== seen.root)
    throw new LogWentBackError(
      `timestamp: its audit log of ${head.size} entries is another one than this host has seen`,
      { hint },
    );
}

/** `null`: none, or not one of ours; nothing is concluded from it then. */
function headOf(timestamp: Timestamp): { readonly size: number; readonly root: string } | null {
  const value = timestamp.unrecognized.get(member);
  if (value === undefined || !isJsonObject(value)) return null;
  const { size, root } = value;
  return typeof size === 'number' && typeof root === 'string' ? { size, root } : null;
}
