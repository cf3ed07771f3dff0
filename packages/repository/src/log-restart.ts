import { sameHead, type LogHead } from '@ragnos/tlog';
import { logRestarts, withLogRestarts, type LogRestart, type Root } from '@ragnos/tuf';
import { PublishError } from './errors.ts';

/** A log that root has given up and that the timestamp still signs. `null`: none. */
export function pendingRestart(root: Root, log: LogHead | null): LogRestart | null {
  const approved = log === null ? undefined : logRestarts(root)[log.restarts ?? 0];
  return log !== null && approved !== undefined && sameHead(approved, log) ? approved : null;
}

/**
 * A root that gives `lost` up. An approval that never took effect is replaced: the log went on. One of this very log stays as it is:
 * the next log may begin at any moment, with its words.
 */
export function withRestart(root: Root, lost: LogRestart): Root {
  if (pendingRestart(root, lost) !== null) return root;
  const done = logRestarts(root).slice(0, lost.restarts ?? 0);
  return { ...root, unrecognized: withLogRestarts(root.unrecognized, [...done, lost]) };
}

/** The restart that `next` approves and `before` does not. */
export function newRestart(before: Root | null, next: Root): LogRestart | null {
  const [old, now] = [before === null ? [] : logRestarts(before), logRestarts(next)];
  const last = now.at(-1);
  return last === undefined || old.some((one) => isSame(one, last)) ? null : last;
}

/**
 * A root forgets no loss, and gives no log up but the one that is signed now.
 * @throws PublishError BAD_LAYOUT, CONFLICT when the log went on since the root was made
 */
export function checkRestarts(before: Root, next: Root, log: LogHead | null): void {
  const [old, now] = [logRestarts(before), logRestarts(next)];
  const same = old.length === now.length && old.every((one, at) => isSame(one, now[at]));
  if (same) return;
  const done = log?.restarts ?? 0;
  const settled = pendingRestart(before, log) === null ? done : done + 1;
  const kept = old.slice(0, settled).every((one, at) => isSame(one, now[at]));
  if (!kept || now.length > done + 1)
    throw new PublishError('BAD_LAYOUT', 'this root says something else of the audit logs that were lost', {
      hint: 'nothing was published; make the root anew from the newest one',
    });
  const last = now[done];
  if (last !== undefined && (log === null || !sameHead(last, log)))
    throw new PublishError(
      'CONFLICT',
      `this root gives up an audit log of ${last.size} entries; it has ${log?.size ?? 0} by now`,
      { hint: 'nothing was published; see whether it is still lost, then try again' },
    );
}

function isSame(a: LogRestart, b: LogRestart | undefined): boolean {
  if (b === undefined || !sameHead(a, b)) return false;
  return a.by === b.by && a.reason === b.reason && a.time.getTime() === b.time.getTime();
}

/** For whoever is asked to sign the root. */
export function restartWords({ size, root, by, reason }: LogRestart): string {
  return `the audit log of ${size} ${size === 1 ? 'entry' : 'entries'} (root hash ${root}) is given up: what was in it is lost for good; ${by}: ${reason}`;
}
