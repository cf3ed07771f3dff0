import type { CallOptions, Storage } from '@ragnos/storage';
import { utf8 } from './bundle.ts';
import { difference } from './difference.ts';
import { LogError } from './errors.ts';
import { grow, peakHeights, type Frontier } from './frontier.ts';
import { fromHex, hex, isSha256, leafHash } from './hash.ts';
import { headOf, sameTree, type LogHead } from './head.ts';
import { canonical, isArray, isObject, type LogJson } from './json.ts';
import { headKey } from './keys.ts';
import { objectMaxLength } from './limits.ts';
import { readObject } from './read-object.ts';

/**
 * What a head object holds: the last entries of the log, and the right edge of the tree before them. Nothing in it has to be
 * believed: edge and leaves lead to the root that names the object, or they are not the right ones.
 */
export interface Segment {
  /** The tree before the first of `lines`; its head names the segment below. */
  readonly base: Frontier;
  readonly leaves: readonly Uint8Array[];
  readonly lines: readonly string[];
}

const format = 'ragnos-log-head/1';

/** JSON lines: the header, then the entries. */
export function encodeSegment({ base, leaves, lines }: Segment): Uint8Array {
  const header = { format, from: base.size, frontier: base.peaks.map(hex), leaves: leaves.map(hex) };
  return Buffer.from([canonical(header), ...lines].map((line) => `${line}\n`).join(''));
}

export function newSegment(base: Frontier, lines: readonly string[]): Segment {
  return { base, lines, leaves: lines.map(leafHash) };
}

/** `head`: the one that names the object. Throws LOG_ALTERED, LOG_MISSING, LOG_REORDERED, with the first entry that is wrong. */
export function decodeSegment(bytes: Uint8Array, head: LogHead): Segment {
  const key = headKey(head);
  const [first = '', ...lines] = utf8(bytes, key).split('\n');
  const ended = lines.pop() === '';
  const header = readHeader(first);
  const known = header !== null && sameTree(headOf(grow(header.base, header.leaves)), head);
  if (header === null || !known)
    throw new LogError('LOG_ALTERED', `${key} does not lead to the head that it is named by`, { key });
  const { base, leaves } = header;
  const wrong = difference(leaves, lines.map(leafHash));
  if (wrong !== null) {
    const index = base.size + wrong.at;
    throw new LogError(wrong.code, `entry ${index} ${wrong.what}, in ${key}`, { key, index });
  }
  if (!ended) throw new LogError('LOG_ALTERED', `${key} does not end where it should`, { key });
  return { base, leaves, lines };
}

/** Throws LOG_MISSING, and what `decodeSegment` throws. */
export async function readSegment(storage: Storage, head: LogHead, call: CallOptions): Promise<Segment> {
  const key = headKey(head);
  const bytes = await readObject(storage, key, objectMaxLength, call);
  if (bytes !== null) return decodeSegment(bytes, head);
  throw new LogError('LOG_MISSING', `${key} is not in ${storage.description}`, {
    key,
    hint: 'if timestamp.json has another head by now, read that one; if not, the log was tampered with or lost: ragv log restore, or without any copy ragv log restart',
  });
}

function readHeader(line: string): Pick<Segment, 'base' | 'leaves'> | null {
  let json: LogJson;
  try {
    json = JSON.parse(line) as LogJson;
  } catch {
    return null;
  }
  if (!isObject(json) || json['format'] !== format) return null;
  const { from, frontier, leaves } = json;
  const good =
    typeof from === 'number' &&
    Number.isSafeInteger(from) &&
    from >= 0 &&
    isHashes(frontier) &&
    isHashes(leaves) &&
    frontier.length === peakHeights(from).length &&
    leaves.length > 0;
  if (!good) return null;
  return { base: { size: from, peaks: frontier.map(fromHex) }, leaves: leaves.map(fromHex) };
}

function isHashes(value: LogJson | undefined): value is readonly string[] {
  return isArray(value) && value.every(isSha256);
}
