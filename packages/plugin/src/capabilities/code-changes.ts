import { fileChanges, type FileChange } from './file-changes.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { lineDifference, type ChangedLine } from './line-difference.ts';
import { visible } from './visible.ts';

/** What changed in a file, for somebody who reads it. */
export interface CodeChange extends FileChange {
  /** Of a text: the lines that differ, without characters that nobody sees. `null` = no text, too large a one, or behind all that is told by lines: its digests tell. */
  readonly lines: readonly ChangedLine[] | null;
  /** Lines that differ and are not among them. */
  readonly leftOut: number;
}

type Version = Pick<PluginManifest, 'files'>;
type Read = (path: string) => Uint8Array;

const maxTextBytes = 4_000_000;
/** Of all files together. */
const maxLines = 20_000;
const maxWidth = 2000;
/** Lines that are shown whole. */
const narrow = 200;
const around = 60;

/**
 * Every file that differs, what changed first: it is read before what is new. `read` gives verified bytes. Bounded: once there
 * are as many lines as anybody is given, no other file is read.
 */
export function codeChanges(
  [before, readBefore]: readonly [Version, Read],
  [after, readAfter]: readonly [Version, Read],
): readonly CodeChange[] {
  let left = maxLines;
  const order = ['changed', 'added', 'removed'];
  return fileChanges(before, after)
    .toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change))
    .map((change) => {
      if (left === 0) return { ...change, lines: null, leftOut: 0 };
      const [was, is] = [
        change.before === null ? '' : textOf(readBefore(change.path)),
        change.after === null ? '' : textOf(readAfter(change.path)),
      ];
      if (was === null || is === null) return { ...change, lines: null, leftOut: 0 };
      const all = lineDifference(was, is);
      const lines = narrowed(all.slice(0, left));
      left -= lines.length;
      return { ...change, lines, leftOut: all.length - lines.length };
    });
}

function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > maxTextBytes || bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** A line of a bundled program may have a million characters: of two in the same place what differs is shown. */
function narrowed(lines: readonly ChangedLine[]): readonly ChangedLine[] {
  const found: ChangedLine[] = [];
  const run = (sign: ChangedLine['sign'], from: number): readonly ChangedLine[] => {
    let to = from;
    while (lines[to]?.sign === sign) to++;
    return lines.slice(from, to);
  };
  for (let at = 0; at < lines.length;) {
    const removed = run('-', at);
    const added = run('+', at + removed.length);
    at += removed.length + added.length;
    const cut = (own: readonly ChangedLine[], other: readonly ChangedLine[]): readonly ChangedLine[] =>
      own.map((line, index) => ({ ...line, text: shown(differing(line.text, other[index]?.text ?? '')) }));
    found.push(...cut(removed, added), ...cut(added, removed));
  }
  return found;
}

function differing(text: string, other: string): string {
  if (text.length <= narrow || other === '') return text;
  const most = Math.min(text.length, other.length);
  let start = 0;
  while (start < most && text[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && text.at(-1 - end) === other.at(-1 - end)) end++;
  const [from, to] = [Math.max(0, start - around), Math.min(text.length, text.length - end + around)];
  return `${from > 0 ? '… ' : ''}${text.slice(from, to)}${to < text.length ? ' …' : ''}`;
}

/** A tab is shown as blanks. */
function shown(text: string): string {
  const short = text.length > maxWidth ? text.slice(0, maxWidth) : text;
  const rest = text.length - short.length;
  return `${visible(short.replaceAll('\t', '    '))}${rest > 0 ? `… ${rest} more characters` : ''}`;
}
