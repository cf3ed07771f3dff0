import type { FileChange } from '@ragnos/plugin';
import { count } from './text.ts';

/** More than anybody reads; what is beyond is in the JSON. */
const mostLines = 1000;

const signs = { added: '+', removed: '-', changed: '~' } as const;

/** Every file that differs, with its size before and after: as many lines as can be of use at a terminal. */
export function fileChangeLines(changes: readonly FileChange[], most = mostLines): readonly string[] {
  const lines = changes
    .slice(0, most)
    .map(({ path, change, before, after }) => `  ${signs[change]} ${path}  ${whatOf(before, after)}`);
  const rest = changes.length - lines.length;
  return [...lines, ...(rest > 0 ? [`  and ${count(rest, 'more', 'more')}: --json lists them`] : [])];
}

function whatOf(before: FileChange['before'], after: FileChange['after']): string {
  const only = before ?? after;
  if (before === null || after === null)
    return `${count(only?.size ?? 0, 'byte')}${after?.mode === 0o755 ? ', may be executed' : ''}`;
  const mode =
    before.mode === after.mode
      ? ''
      : after.mode === 0o755
        ? ', may be executed now'
        : ', may not be executed any more';
  if (before.sha256 === after.sha256) return `${count(after.size, 'byte')}, as before${mode}`;
  return before.size === after.size
    ? `${count(after.size, 'byte')} as before, with other content${mode}`
    : `${count(before.size, 'byte')} → ${count(after.size, 'byte')}${mode}`;
}
