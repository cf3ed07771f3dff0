import { exitOf } from './exit-codes.ts';
import { toJson } from './json.ts';
import { print } from './print.ts';

export interface VoiceOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * With print.ts, the only file that prints. stdout carries the answer and nothing else; stderr everything around it. Nothing that came
 * from a repository reaches a terminal with control characters in it.
 */
export class Voice {
  readonly json: boolean;
  readonly #quiet: boolean;
  readonly #terminal = process.stderr.isTTY;
  #progress = false;

  constructor(options: VoiceOptions) {
    this.json = options.json;
    this.#quiet = options.quiet;
  }

  /** The answer: `data` with --json, else `lines`. */
  answer(data: unknown, lines: readonly string[]): void {
    this.endProgress();
    if (this.json) print(1, `${JSON.stringify(toJson(data), null, 2)}\n`);
    else if (lines.length > 0) print(1, `${lines.map(printable).join('\n')}\n`);
  }

  /** A text that is the answer by itself, with or without --json: a completion script, a page. */
  text(text: string): void {
    print(1, text);
  }

  /** The help of a command that was not finished; silent with --json, whose reader gets the error. */
  page(text: string): void {
    if (!this.json) print(2, text);
  }

  /** What somebody may want to know; silent with --quiet. */
  note(line: string): void {
    if (this.#quiet) return;
    this.endProgress();
    print(2, `${printable(line)}\n`);
  }

  /** Something to look at, quiet or not. */
  warn(line: string): void {
    this.endProgress();
    print(2, `${this.#bold('warning:')} ${printable(line)}\n`);
  }

  /** One line that is drawn over and over on a terminal, and nothing elsewhere. `total` null = nobody knows. */
  progress(what: string, done: number, total: number | null): void {
    if (this.#quiet || !this.#terminal) return;
    this.#progress = true;
    const share =
      total === null || total === 0 ? '' : ` ${bar(done / total)} ${Math.floor((100 * done) / total)} %`;
    print(2, `\r\u001b[K${printable(what)}${share}`);
  }

  endProgress(): void {
    if (this.#progress) print(2, '\r\u001b[K');
    this.#progress = false;
  }

  /** Says what went wrong, with its code and hint; returns the exit code. */
  error(error: unknown): number {
    this.endProgress();
    const { message, code, hint } = describe(error);
    const exit = exitOf(error);
    if (this.json) print(2, `${JSON.stringify({ error: { code, message, hint, exit } })}\n`);
    else {
      print(2, `${this.#bold('error:')} ${printable(message)} [${code}]\n`);
      if (hint !== null) print(2, `hint: ${printable(hint)}\n`);
    }
    return exit;
  }

  #bold(word: string): string {
    return this.#terminal && process.env['NO_COLOR'] === undefined ? `\u001b[1m${word}\u001b[0m` : word;
  }
}

function describe(error: unknown): { message: string; code: string; hint: string | null } {
  if (!(error instanceof Error)) return { message: String(error), code: 'FAILURE', hint: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'FAILURE';
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { message: error.message, code, hint };
}

function bar(share: number): string {
  const width = 24;
  const full = Math.round(Math.min(1, share) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
}

/** Control, format (bidi) and invisible characters are shown, not obeyed: texts come from vendors. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    c === '\n' ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Whether a person sits at both ends: only then is anything asked. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}
