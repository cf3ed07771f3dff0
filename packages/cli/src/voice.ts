import { isatty } from 'node:tty';
import { codeOf, exitOf } from './exit-codes.ts';
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
  readonly #terminal = isTerminalAt(2);
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
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : systemHint(error);
  return { message: error.message, code: codeOf(error), hint };
}

const systemHints = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'check who owns the file or folder, and its mode'],
  ['EPERM', 'check who owns the file or folder, and its mode'],
  ['ENOENT', 'no such file or folder, and it cannot be made there'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['ENAMETOOLONG', 'the path is longer than the file system takes'],
  ['EEXIST', 'something else stands where it would be made'],
  ['EMFILE', 'too many open files; raise the limit (ulimit -n)'],
]);

/** What the operating system refused without a room of ours having a word for it. */
function systemHint(error: Error): string | null {
  return ('code' in error && typeof error.code === 'string' && systemHints.get(error.code)) || null;
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

/** The standard streams themselves, for a plugin that speaks over them. */
export function standardStreams(): {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
} {
  const { stdin, stdout, stderr } = process;
  return { stdin, stdout, stderr };
}

/** Whether a person sits at both ends: only then is anything asked. */
export function isTerminal(): boolean {
  return isTerminalAt(0) && isTerminalAt(2);
}

/** Without touching `process.stdin` and the like: they make a pipe non-blocking, also for a plugin that inherits it. */
function isTerminalAt(descriptor: 0 | 2): boolean {
  return isatty(descriptor);
}
