import { textLines, type TextLine } from './text-lines.ts';
import { visible } from './visible.ts';

/** A line that only the earlier text has (`-`), or only the later one (`+`), without characters that nobody sees. */
export interface TextDifference extends TextLine {
  readonly sign: '-' | '+';
}

const maxCells = 4_000_000;
/** Words that both have, left standing around what differs. */
const around = 6;

/**
 * What differs between two signed texts, line by line; of two lines in the same place the words that differ and some around
 * them. Whatever differs is in it. `null` = none, or not known: then it is all of the other.
 */
export function textDifference(before: string | null, after: string | null): readonly TextDifference[] {
  if (before === after) return [];
  const found = differing(hunks(linesOf(before), linesOf(after)));
  // Two ways to write the same: no server is asked for it, and nobody is told that nothing changed.
  const shown = found.length > 0 ? found : differing([[wholeOf(before), wholeOf(after)]]);
  return shown.map(({ sign, label, text }) => ({ sign, label: visible(label), text: visible(text) }));
}

function linesOf(text: string | null): readonly TextLine[] {
  return text === null ? [] : textLines(text);
}

function wholeOf(text: string | null): readonly TextLine[] {
  return text === null ? [] : [{ label: '', text }];
}

function differing(all: readonly Hunk[]): readonly TextDifference[] {
  return all.flatMap(([removed, added]) => {
    const pairs = removed.map((line, at): readonly [TextLine, TextLine | undefined] => {
      const other = added[at];
      return other !== undefined && other.label === line.label ? shortened(line, other) : [line, other];
    });
    return [
      ...pairs.map(([line]) => ({ sign: '-' as const, ...line })),
      ...added.map((line, at) => ({ sign: '+' as const, ...(pairs[at]?.[1] ?? line) })),
    ];
  });
}

type Hunk = readonly [removed: readonly TextLine[], added: readonly TextLine[]];

/** By the longest list of lines that both have. */
function hunks(old: readonly TextLine[], now: readonly TextLine[]): readonly Hunk[] {
  const same = (a: TextLine | undefined, b: TextLine | undefined): boolean =>
    a !== undefined && a.label === b?.label && a.text === b.text;
  let start = 0;
  while (same(old[start], now[start])) start++;
  let end = 0;
  while (
    end < Math.min(old.length, now.length) - start &&
    same(old[old.length - 1 - end], now[now.length - 1 - end])
  )
    end++;
  const a = old.slice(start, old.length - end);
  const b = now.slice(start, now.length - end);
  if (a.length === 0 && b.length === 0) return [];
  if (a.length * b.length > maxCells) return [[a, b]];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = same(a[i], b[j]) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const found: [TextLine[], TextLine[]][] = [];
  let [i, j, open] = [0, 0, false];
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]];
    if (same(one, other)) {
      [i, j, open] = [i + 1, j + 1, false];
      continue;
    }
    if (!open) found.push([[], []]);
    open = true;
    const last = found.at(-1);
    if (one !== undefined && (other === undefined || at(i + 1, j) >= at(i, j + 1))) {
      last?.[0].push(one);
      i++;
    } else if (other !== undefined) {
      last?.[1].push(other);
      j++;
    }
  }
  return found;
}

function shortened(line: TextLine, other: TextLine): readonly [TextLine, TextLine] {
  const [old, now] = [line.text.split(' '), other.text.split(' ')];
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start++;
  let end = 0;
  while (end < most - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const [from, rest] = [Math.max(0, start - around), Math.max(0, end - around)];
  const cut = (words: readonly string[]): string =>
    [...(from > 0 ? ['…'] : []), ...words.slice(from, words.length - rest), ...(rest > 0 ? ['…'] : [])].join(
      ' ',
    );
  return [
    { ...line, text: cut(old) },
    { ...other, text: cut(now) },
  ];
}
