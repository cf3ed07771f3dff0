import { emptyFrontier, grow } from './frontier.ts';
import { leafHash } from './hash.ts';
import { headOf, type LogHead } from './head.ts';

/**
 * The head of a log that was exported as JSON lines, the first line being its first entry: equal to the signed one exactly when the
 * file holds the log, whole and unaltered. `lines` come without their ends.
 */
export async function headOfLines(lines: Iterable<string> | AsyncIterable<string>): Promise<LogHead> {
  let frontier = emptyFrontier;
  for await (const line of lines) frontier = grow(frontier, [leafHash(line)]);
  return headOf(frontier);
}
