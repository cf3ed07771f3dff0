import { matchesPattern } from '@ragnos/tuf';

/** Literals, `*` and `?`; where `crossing`, the wildcards stand for slashes too. */
interface Glob {
  readonly pattern: string;
  readonly crossing: boolean;
}

/** The first pattern of each list for which a path exists that the earlier one covers, its wildcards crossing slashes, and the later one too. */
export function shadows(
  earlier: readonly string[],
  later: readonly string[],
): { readonly earlier: string; readonly later: string } | null {
  for (const one of earlier)
    for (const other of later)
      if (overlap({ pattern: one, crossing: true }, { pattern: other, crossing: false }))
        return { earlier: one, later: other };
  return null;
}

/** Whether some text matches both. Steps through both at once; as many as one has characters for each of the other. */
function overlap(a: Glob, b: Glob): boolean {
  if (!beginAlike(a.pattern, b.pattern)) return false;
  const [rows, columns] = [a.pattern.length, b.pattern.length];
  const reached = new Uint8Array((rows + 1) * (columns + 1)); // those still to be followed come later in this order
  const at = (i: number, j: number): number => i * (columns + 1) + j;
  reached[0] = 1;
  for (let i = 0; i <= rows; i++)
    for (let j = 0; j <= columns; j++) {
      if (reached[at(i, j)] !== 1) continue;
      const [x = '', y = ''] = [a.pattern[i], b.pattern[j]];
      if (x === '*') reached[at(i + 1, j)] = 1; // stands for nothing more
      if (y === '*') reached[at(i, j + 1)] = 1;
      if (x === '' || y === '' || !shareCharacter(x, a.crossing, y, b.crossing)) continue;
      if (x === '*' && y !== '*') reached[at(i, j + 1)] = 1;
      else if (y === '*' && x !== '*') reached[at(i + 1, j)] = 1;
      else if (x !== '*') reached[at(i + 1, j + 1)] = 1;
    }
  return reached[at(rows, columns)] === 1;
}

function shareCharacter(x: string, xCrosses: boolean, y: string, yCrosses: boolean): boolean {
  const wild = (c: string): boolean => c === '*' || c === '?';
  if (wild(x)) return wild(y) || xCrosses || y !== '/';
  return wild(y) ? yCrosses || x !== '/' : x === y;
}

/** Up to the first wildcard of either: of 10,000 vendors that leaves few. */
function beginAlike(a: string, b: string): boolean {
  for (let index = 0; index < a.length && index < b.length; index++) {
    const [x, y] = [a[index], b[index]];
    if (x === '*' || x === '?' || y === '*' || y === '?') return true;
    if (x !== y) return false;
  }
  return true;
}

/** Whether `path` matches one of them without a wildcard having to stand for a dot at the beginning of a segment. */
export function matchesWithoutDots(patterns: readonly string[], path: string): boolean {
  const segments = path.split('/');
  return patterns.some(
    (pattern) =>
      matchesPattern(pattern, path) &&
      pattern
        .split('/')
        .every((glob, index) => !(segments[index] ?? '').startsWith('.') || glob.startsWith('.')),
  );
}
