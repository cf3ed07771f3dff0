import { LogError } from './errors.ts';
import { emptyRoot, hex, isSha256 } from './hash.ts';
import { rootOf, type Frontier } from './frontier.ts';

/** A whole log in two values; they stand in the signed part of `timestamp.json`. */
export interface LogHead {
  /** How many entries. */
  readonly size: number;
  /** RFC 6962 root hash over them, sha256 in hex. */
  readonly root: string;
  /** How often the log of this repository was lost and begun anew; absent for one that never was. Each lies in a folder of its own. */
  readonly restarts?: number;
}

/** The log before its first entry. */
export const emptyHead: LogHead = { size: 0, root: hex(emptyRoot) };

export function headOf(frontier: Frontier, restarts = 0): LogHead {
  return newHead(frontier.size, hex(rootOf(frontier)), restarts);
}

/** The log that follows on one that was lost at `head`, before its first entry. */
export function restartedHead({ restarts = 0 }: LogHead): LogHead {
  return { ...emptyHead, restarts: restarts + 1 };
}

export function newHead(size: number, root: string, restarts: number): LogHead {
  return { size, root, ...(restarts === 0 ? {} : { restarts }) };
}

/** The same entries, whichever log of the repository they are. */
export function sameTree(a: LogHead, b: LogHead): boolean {
  return a.size === b.size && a.root === b.root;
}

export function sameHead(a: LogHead, b: LogHead): boolean {
  return sameTree(a, b) && (a.restarts ?? 0) === (b.restarts ?? 0);
}

/** The value of the member in the timestamp; `headFromJson` reads it. */
export function headToJson({ size, root, restarts = 0 }: LogHead): {
  readonly size: number;
  readonly root: string;
  readonly restarts?: number;
} {
  return newHead(size, root, restarts);
}

/** Reads what `headToJson` wrote. Members that are not ours are let pass. Throws LOG_BAD_HEAD. */
export function headFromJson(json: unknown): LogHead {
  if (typeof json === 'object' && json !== null && 'size' in json && 'root' in json) {
    const { size, root } = json;
    const restarts = 'restarts' in json ? json.restarts : 0;
    const good = isCount(size) && isSha256(root) && isCount(restarts);
    if (good && (size > 0 || root === emptyHead.root)) return newHead(size, root, restarts);
  }
  throw new LogError('LOG_BAD_HEAD', `not the head of a log: ${JSON.stringify(json)?.slice(0, 200)}`);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
