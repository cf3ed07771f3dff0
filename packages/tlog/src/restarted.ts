import type { LogEntry, LostLog } from './entry.ts';
import { sameHead, sameTree, type LogHead } from './head.ts';
import type { LogFinding } from './verify.ts';

/** What a log says of its beginning must be what root says of it. */
export function misstated(
  { kind, lost }: LogEntry,
  index: number,
  approved: LostLog | undefined,
): LogFinding | null {
  const begins = index === 0 && approved !== undefined;
  if (
    begins ? kind === 'restart' && lost !== undefined && isSame(lost, approved) : kind !== 'restart' && !lost
  )
    return null;
  const message = begins
    ? 'the first entry does not say what root says of the log before it'
    : `entry ${index} says that the log began anew there, and root does not`;
  return { code: 'LOG_RESTART_UNAPPROVED', message, key: null, index };
}

function isSame(a: LostLog, b: LostLog): boolean {
  const same = a.by === b.by && a.reason === b.reason && a.time.getTime() === b.time.getTime();
  return same && sameHead(a, b);
}

/** Whether root approves this log, and what was given up since `since`. */
export function restartFindings(
  { restarts = 0 }: LogHead,
  since: LogHead | undefined,
  lost: readonly LostLog[],
): readonly LogFinding[] {
  if (restarts > lost.length)
    return [
      about(
        'LOG_RESTART_UNAPPROVED',
        `this is log ${restarts + 1} of the repository, and root approves no more than ${lost.length + 1}`,
      ),
    ];
  return lost.slice(since?.restarts ?? 0, restarts).map((one) => about('LOG_RESTARTED', lostWords(one)));
}

/** One sentence for a person. */
export function lostWords({ time, size, by, reason }: LostLog): string {
  const what = size === 1 ? '1 entry before it is' : `${size} entries before it are`;
  return `restarted at ${time.toISOString()}: ${what} lost; ${by}: ${reason}`;
}

/** What was seen of this log, or of one before it: that one ended with at least as much. */
export function sinceFindings(
  head: LogHead,
  since: LogHead | undefined,
  lost: readonly LostLog[],
): readonly LogFinding[] {
  if (since === undefined) return [];
  const [was, is] = [since.restarts ?? 0, head.restarts ?? 0];
  if (was > is)
    return [about('LOG_SHRANK', `this is log ${is + 1} of the repository, log ${was + 1} was seen before`)];
  const end = was === is ? head : lost[was];
  if (end === undefined) return [];
  if (since.size > end.size)
    return [
      about(
        'LOG_SHRANK',
        `${was === is ? 'the log has' : 'the log that was given up had'} ${end.size} entries, ${since.size} were seen before`,
      ),
    ];
  return since.size === end.size && !sameTree(since, end)
    ? [about('LOG_FORKED', `another log of ${end.size} entries was seen before`)]
    : [];
}

export function about(code: LogFinding['code'], message: string): LogFinding {
  return { code, message, key: null, index: null };
}
