import { visible, type CodeChange } from '@ragnos/plugin';
import { fileChangeLines } from './file-changes.ts';
import { count } from './text.ts';
import { wrapped } from './text-changes.ts';

/** More than anybody reads at a terminal; the JSON has more. */
const mostLines = 1000;

/** Every file that differs, below each the lines that do, numbered as in the version that has them; of what is no text its digests. */
export function codeChangeLines(changes: readonly CodeChange[], most = mostLines): readonly string[] {
  const lines: string[] = [];
  let left = 0;
  for (const change of changes) {
    const { lines: changed, leftOut } = change;
    const body =
      changed === null
        ? digestLines(change)
        : changed.flatMap(({ sign, line, text }) =>
            wrapped(`    ${String(line).padStart(5)} ${sign} `, text),
          );
    const all = [...fileChangeLines([change]).map(visible), ...body];
    const room = Math.max(0, most - lines.length);
    lines.push(...all.slice(0, room));
    left += all.length - Math.min(room, all.length) + leftOut;
  }
  return left === 0
    ? lines
    : [...lines, `  … ${count(left, 'more line', 'more lines')}: --json has more of them`];
}

function digestLines({ before, after }: CodeChange): readonly string[] {
  return [
    ...(before === null ? [] : [`          - no text that can be read here, sha256:${before.sha256}`]),
    ...(after === null ? [] : [`          + no text that can be read here, sha256:${after.sha256}`]),
  ];
}
