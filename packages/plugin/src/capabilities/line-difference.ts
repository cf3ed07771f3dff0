/** A line that only the text before has (`-`), or only the one after (`+`), with its number there, from 1. */
export interface ChangedLine {
  readonly sign: '-' | '+';
  readonly line: number;
  readonly text: string;
}

/** Lines that differ, beyond which what lies between the first and the last of them is told as replaced. */
const maxEdits = 1000;

/**
 * The fewest lines to take away and to add, by Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986), in order. Whatever
 * differs is in it: texts that differ too much are told as replaced from the first line that differs to the last.
 */
export function lineDifference(before: string, after: string): readonly ChangedLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const a = old.slice(start, old.length - end);
  const b = now.slice(start, now.length - end);
  const steps = editsBetween(a, b) ?? [
    ...a.map((_, at) => ['-', at] as const),
    ...b.map((_, at) => ['+', at] as const),
  ];
  return steps.map(([sign, at]) => ({
    sign,
    line: start + at + 1,
    text: (sign === '-' ? a[at] : b[at]) ?? '',
  }));
}

type Edit = readonly [sign: '-' | '+', at: number];

/** `null` = more than `maxEdits`. */
function editsBetween(a: readonly string[], b: readonly string[]): readonly Edit[] | null {
  const most = Math.min(a.length + b.length, maxEdits);
  const reach = new Int32Array(2 * most + 3); // by diagonal: how far into `a` its best way came
  const at = (k: number): number => reach[k + most + 1] ?? 0;
  const isDown = (k: number, edits: number): boolean =>
    k === -edits || (k !== edits && at(k - 1) < at(k + 1));
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits++) {
    trace.push(reach.slice(most - edits, most + edits + 3)); // the diagonals that the next step looks at
    for (let k = -edits; k <= edits; k += 2) {
      let x = isDown(k, edits) ? at(k + 1) : at(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[k + most + 1] = x;
      if (x >= a.length && x - k >= b.length) return wayBack(trace, a.length, b.length);
    }
  }
  return null;
}

function wayBack(trace: readonly Int32Array[], fromX: number, fromY: number): readonly Edit[] {
  const edits: Edit[] = [];
  let [x, y] = [fromX, fromY];
  for (let step = trace.length - 1; step > 0; step--) {
    const k = x - y;
    const at = (diagonal: number): number => trace[step]?.[diagonal + step + 1] ?? 0;
    const isDown = k === -step || (k !== step && at(k - 1) < at(k + 1));
    const previous = isDown ? k + 1 : k - 1;
    x = at(previous);
    y = x - previous;
    edits.push(isDown ? ['+', y] : ['-', x]);
  }
  return edits.toReversed();
}
