import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json/value.ts';
import { formatDate } from './metadata/fields.ts';
import type { Root, Timestamp, Unrecognized } from './model.ts';

/** Members unknown to other clients: of the timestamp, the audit log beside the repository; of the root, where it began anew. */
const headMember = 'x-ragnos-log';
const restartsMember = 'x-ragnos-log-restarts';

/** More than anybody needs: a log is begun anew when it was lost and nobody had a copy. */
export const maxLogRestarts = 64;
const textMaxLength = 400;

/** What a signed timestamp says of the audit log. */
export interface SignedLog {
  /** How many entries. */
  readonly size: number;
  /** sha256 in hex. */
  readonly root: string;
  /** How often the log was begun anew; absent for a log that never was. */
  readonly restarts?: number;
}

/** What a root says of a log that was given up: it ended at this head, and its entries are lost. */
export interface LogRestart extends SignedLog {
  /** When it was given up, and by whom; why, in the words of whoever asked for it. */
  readonly time: Date;
  readonly by: string;
  readonly reason: string;
}

/** `null`: none, or not one of ours; nothing is concluded from it then. */
export function signedLog({ unrecognized }: Pick<Timestamp, 'unrecognized'>): SignedLog | null {
  const value = unrecognized.get(headMember);
  return isJsonObject(value) ? readHead(value) : null;
}

/**
 * The logs that were given up, the first first: log n of a repository began when n of them were lost. One that cannot be read
 * is none, nor are those after it: nobody approved what is not there.
 */
export function logRestarts({ unrecognized }: Pick<Root, 'unrecognized'>): readonly LogRestart[] {
  const value = unrecognized.get(restartsMember);
  if (value === undefined || !isJsonArray(value) || value.length > maxLogRestarts) return [];
  const found = value.map((item, index) => readRestart(item, index));
  const end = found.indexOf(null);
  return found.slice(0, end === -1 ? undefined : end).filter((one) => one !== null);
}

/** The unknown members of a root that says so. */
export function withLogRestarts(unrecognized: Unrecognized, restarts: readonly LogRestart[]): Unrecognized {
  const others = [...unrecognized].filter(([name]) => name !== restartsMember);
  if (restarts.length === 0) return new Map(others);
  return new Map([...others, [restartsMember, restarts.map(restartToJson)]]);
}

/** `unapproved`: nobody with fewer keys than root's can give a log up; `back`: it forgot what was seen. */
export type LogStep = 'continues' | 'restarted' | 'back' | 'unapproved';

/**
 * Whether the log of a timestamp follows on the one that was seen before. It never gets shorter, and one of the same length is the
 * same, but where the root says that the log that was seen is lost: up to a head which has all that was seen. That a longer
 * log continues the shorter one is not shown here, but by whoever reads it.
 */
export function logStep(
  seen: SignedLog | null,
  now: SignedLog | null,
  root: Pick<Root, 'unrecognized'>,
): LogStep {
  const lost = logRestarts(root);
  const restarts = now?.restarts ?? 0;
  if (restarts > lost.length) return 'unapproved';
  if (seen === null) return 'continues';
  const before = seen.restarts ?? 0;
  if (now === null || restarts < before) return 'back';
  if (restarts === before) return reaches(now, seen) ? 'continues' : 'back';
  const end = lost[before];
  return end !== undefined && reaches(end, seen) ? 'restarted' : 'back';
}

function reaches(head: SignedLog, seen: SignedLog): boolean {
  return head.size > seen.size || (head.size === seen.size && head.root === seen.root);
}

function readHead({ size, root, restarts = 0 }: JsonObject): SignedLog | null {
  if (!isCount(size) || typeof root !== 'string' || !isCount(restarts)) return null;
  return { size, root, ...(restarts === 0 ? {} : { restarts }) };
}

function readRestart(json: JsonValue, index: number): LogRestart | null {
  if (!isJsonObject(json)) return null;
  const head = readHead(json);
  const { time, by, reason } = json;
  const date = new Date(typeof time === 'string' ? time : Number.NaN);
  const good =
    head !== null &&
    (head.restarts ?? 0) === index &&
    !Number.isNaN(date.getTime()) &&
    formatDate(date) === time;
  return good && isText(by) && isText(reason) ? { ...head, time: date, by, reason } : null;
}

function restartToJson({ size, root, restarts = 0, time, by, reason }: LogRestart): JsonObject {
  return { size, root, ...(restarts === 0 ? {} : { restarts }), time: formatDate(time), by, reason };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textMaxLength && !/\p{Cc}/u.test(value);
}
