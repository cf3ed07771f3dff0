/** Pieces of the pages that are written from what happened. */

/** Columns as wide as their widest cell: it is read as text, too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const [first = [], ...rest] = cells;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

/** Lines of at most 120 characters, where there is a blank to break them; never in a piece of code. */
export function wrapped(text: string, indent = ''): string {
  const words = text.match(/(?:`[^`]*`|\S)+/g) ?? [];
  const lines: string[] = [];
  let line = '';
  for (const word of words)
    if (line === '') line = lines.length === 0 ? word : indent + word;
    else if (line.length + 1 + word.length <= 120) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  return [...lines, line].join('\n');
}

export function code(text: string, length = 90): string {
  const short = shortened(text.replaceAll('\n', '⏎'), length);
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}

/** With nothing in it that Markdown would read. */
export function plain(text: string): string {
  return text.replaceAll(/[<>*_`[\]]/g, (mark) => `\\${mark}`);
}

/** Paths of this machine and of this run are nobody's business. */
export function withoutPaths(text: string): string {
  return text.replaceAll(/(?:\/[\w.@+-]+){3,}/g, '…');
}

export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

export function milliseconds(ms: number): string {
  if (ms < 950) return `${ms.toFixed(0)} ms`;
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
}
