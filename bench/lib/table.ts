/** One question's answer: a table of ratios, printed as Markdown and kept as JSON. */
import type { Chart } from './chart.ts';
import { cpuLimit } from './measure.ts';

export interface Row {
  readonly name: string;
  /** Column title → what stands there: a text, or a number that is printed with three significant digits. */
  readonly cells: Readonly<Record<string, string | number>>;
}

export interface Answer {
  readonly question: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** Drawn into docs/ when the page is written. */
  readonly chart?: Chart & { readonly file: string };
}

/** Markdown with one line per row; the columns are those of the first row. */
export function toMarkdown(answer: Answer): string {
  const columns = Object.keys(answer.rows[0]?.cells ?? {});
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${answer.question}`,
    '',
    line(['', ...columns]),
    line(['---', ...columns.map(() => '---:')]),
    ...answer.rows.map((row) => line([row.name, ...columns.map((column) => show(row.cells[column] ?? ''))])),
    '',
    ...answer.notes.map((note) => `- ${note}`),
    ...(answer.chart === undefined ? [] : [`![${answer.chart.title}](${answer.chart.file})`]),
  ].join('\n');
}

function show(value: string | number): string {
  if (Number.isNaN(value)) return 'cannot';
  if (value === Number.POSITIVE_INFINITY) return `> ${cpuLimit}`; // stopped
  return typeof value === 'string' ? value : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
