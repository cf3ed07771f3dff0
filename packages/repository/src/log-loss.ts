import { AuditLog, plainText, sameHead, type LogHead } from '@ragnos/tlog';
import { formatDate, logRestarts, maxLogRestarts, type LogRestart } from '@ragnos/tuf';
import { defaultAudit, logHeadOf } from './audit.ts';
import { PublishError } from './errors.ts';
import { pendingRestart } from './log-restart.ts';
import { transact, type Engine, type Plan } from './transact.ts';
import type { CallOptions, PublishResult } from './types.ts';
import type { Workspace } from './workspace.ts';

const looks = 3;

/**
 * What root is to say of the log that the timestamp signs, so that it can be given up: that its entries are lost, who asked for
 * it, why and when. `null`: root says it already, and the next commit begins the new log.
 * @throws PublishError LOG_INTACT for a log that is whole, or that was never kept; BAD_LAYOUT for a reason that says nothing
 */
export async function lossOf(
  engine: Engine,
  reason: string,
  options: CallOptions = {},
): Promise<LogRestart | null> {
  const words = plainText(reason).trim();
  if (words === '') throw new PublishError('BAD_LAYOUT', 'a log is not given up without a reason');
  for (let look = 1; look <= looks; look++) {
    const { root, timestamp } = await engine.reader.read(options);
    const head = logHeadOf(timestamp.signed);
    if (pendingRestart(root.signed, head) !== null) return null;
    const lost = logRestarts(root.signed);
    if (head !== null && !(await isWhole(engine, head, lost, options))) {
      const after = logHeadOf((await engine.reader.read(options)).timestamp.signed);
      if (after === null || !sameHead(head, after)) continue; // what an old head needs is removed in time
      if ((head.restarts ?? 0) >= maxLogRestarts)
        throw new PublishError('TOO_LARGE', `a log is begun anew at most ${maxLogRestarts} times`);
      const { actor, host } = engine.audit ?? defaultAudit();
      const by = plainText(`${actor.name}@${host}`).slice(0, 200);
      const time = new Date(formatDate(engine.now())); // as root writes it: whole seconds
      return { ...head, time, by, reason: words };
    }
    throw new PublishError(
      'LOG_INTACT',
      head === null ? 'the repository keeps no audit log' : `the audit log is whole: ${head.size} entries`,
      { hint: 'there is nothing to be given up; ragv log verify says more' },
    );
  }
  throw new PublishError('CONFLICT', 'others publish meanwhile, so the log goes on', { hint: 'try again' });
}

async function isWhole(
  { storage }: Engine,
  head: LogHead,
  lost: readonly LogRestart[],
  options: CallOptions,
): Promise<boolean> {
  const { findings } = await new AuditLog(storage).verify(head, { lost }, options);
  return findings.every(({ code }) => code === 'LOG_RESTARTED');
}

/** Begins the log that root has approved; any other commit does it as well. */
export function completeRestart(engine: Engine, options: CallOptions = {}): Promise<PublishResult> {
  const prepare = (workspace: Workspace): Promise<Plan> => {
    const { root, timestamp } = workspace.head;
    const isDue = pendingRestart(root.signed, logHeadOf(timestamp.signed)) !== null;
    return Promise.resolve({ workspace, resign: { timestamp: isDue } });
  };
  return transact(engine, prepare, options);
}
