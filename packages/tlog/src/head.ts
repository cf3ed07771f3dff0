import { LogError } from './errors.ts';
import { emptyRoot, hex, isSha256 } from './hash.ts';
import { rootOf, type Frontier } from './frontier.ts';

/** A whole log in two values; they stand in the signed part of `timestamp.json`. */
export interface LogHead {
  /** How many entries. */
  readonly size: number;
  /** RFC 6962 root hash over them, sha256 in hex. */
  readonly root: string;
}

/** The log before its first entry. */
export const emptyHead: LogHead = { size: 0, root: hex(emptyRoot) };

export function headOf(frontier: Frontier): LogHead {
  return { size: frontier.size, root: hex(rootOf(frontier)) };
}

export function sameHead(a: LogHead, b: LogHead): boolean {
  return a.size === b.size && a.root === b.root;
}

/** The value of the member in the timestamp; `headFromJson` reads it. */
export function headToJson({ size, root }: LogHead): { readonly size: number; readonly root: string } {
  return { size, root };
}

/** Reads what `headToJson` wrote. Members that are not ours are let pass. Throws LOG_BAD_HEAD. */
export function headFromJson(json: unknown): LogHead {
  if (typeof json === 'object' && json !== null && 'size' in json && 'root' in json) {
    const { size, root } = json;
    const good = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 && isSha256(root);
    if (good && (size > 0 || root === emptyHead.root)) return { size, root };
  }
  throw new LogError('LOG_BAD_HEAD', `not the head of a log: ${JSON.stringify(json)?.slice(0, 200)}`);
}
