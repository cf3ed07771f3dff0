import { logRestarts, logStep, signedLog, type LogRestart, type Root, type Timestamp } from '@ragnos/tuf';
import { LogWentBackError } from '../errors.ts';

/**
 * A log never gets shorter, and one of the same length is the same. Whoever signs the timestamp could otherwise forget what
 * was done, and hosts are many that remember. Only the keys of root can give a lost log up: then the losses that are new here are
 * returned. That a longer log continues the shorter one shows an auditor (`ragv log verify --since`).
 * @throws LogWentBackError
 */
export function refuseShorterLog(
  before: Timestamp | null,
  now: Timestamp | null,
  root: Root,
): readonly LogRestart[] {
  if (now === null) return [];
  const seen = before === null ? null : signedLog(before);
  const head = signedLog(now);
  const step = logStep(seen, head, root);
  const hint = 'nothing was changed here; ask the operator of the repository what became of its audit log';
  if (step === 'unapproved')
    throw new LogWentBackError(
      'timestamp: its audit log was begun anew, and no root known here approves it',
      {
        hint,
      },
    );
  if (step === 'back')
    throw new LogWentBackError(`timestamp: its audit log ${wentBack(seen, head)}`, { hint });
  return step === 'restarted' ? logRestarts(root).slice(seen?.restarts ?? 0, head?.restarts ?? 0) : [];
}

function wentBack(seen: ReturnType<typeof signedLog>, head: ReturnType<typeof signedLog>): string {
  if (seen !== null && head?.size === seen.size && (head.restarts ?? 0) === (seen.restarts ?? 0))
    return `of ${head.size} entries is another one than this host has seen`;
  return `has ${head?.size ?? 0} entries; this host has seen ${seen?.size ?? 0}`;
}
