import { textDifference, visible, type TextChange } from '@ragnos/plugin';
import { count } from './text.ts';

/** As many lines as can be read, and the command that shows all of them. */
export interface ShortTexts {
  readonly most: number;
  readonly command: string;
}

const width = 110;

/**
 * What tools and prompts say to a model now and said before, `-` and `+` before each line; all of it, or as much of each as
 * can be read at once.
 */
export function textChangeLines(changes: readonly TextChange[], short?: ShortTexts): readonly string[] {
  const blocks = changes.map((change) => [`  ${headOf(change)}`, ...bodyOf(change)]);
  if (short === undefined) return blocks.flat();
  const each = Math.max(4, Math.floor(short.most / Math.max(1, blocks.length)));
  const shown = blocks.slice(0, Math.max(1, Math.floor(short.most / each)));
  const lines = shown.flatMap((block) => block.slice(0, each));
  const left = blocks.flat().length - lines.length;
  return left === 0 ? lines : [...lines, `  … ${count(left, 'more line', 'more lines')}: ${short.command}`];
}

const words = { added: 'new', changed: 'changed', removed: 'gone' } as const;

function headOf({ sort, name, change }: TextChange): string {
  return `${sort} ${visible(name)}, ${words[change]}:`;
}

function bodyOf({ change, before, after }: TextChange): readonly string[] {
  return [
    ...(before === null && change !== 'added'
      ? ['    ? what it said before is not in the signed manifest']
      : []),
    ...(after === null && change !== 'removed'
      ? ['    ? what it says now is not in the signed manifest']
      : []),
    ...textDifference(before, after).flatMap(({ sign, label, text }) =>
      wrapped(`    ${sign} `, label === '' ? text : `${label}: ${text}`),
    ),
  ];
}

/** By us: where a terminal breaks a line, what follows could look like a line of ours. */
export function wrapped(begin: string, text: string): readonly string[] {
  const characters = Array.from(text);
  const rows = Math.max(1, Math.ceil(characters.length / width));
  return Array.from({ length: rows }, (_, at) => {
    const part = characters.slice(at * width, (at + 1) * width).join('');
    return `${begin}${at === 0 ? '' : '    '}${part}`;
  });
}
