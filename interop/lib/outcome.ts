import { parseJson, Reader } from '@ragnos/tuf';
import type { Ran } from './run.ts';

/** What one client made of one repository. */
export type Outcome =
  | { readonly kind: 'accepted' }
  /** With the error's class, or our code. */
  | { readonly kind: 'refused'; readonly error: string; readonly message: string }
  /** A file outside the folder that it was given. */
  | { readonly kind: 'writes outside'; readonly message: string }
  /** Downloaded, but not what the repository says. */
  | { readonly kind: 'other bytes'; readonly message: string }
  /** Neither done nor an error of its own: it crashed, or was stopped at the time limit. */
  | { readonly kind: 'hangs' | 'crashes'; readonly message: string };

/** As a cell of a table. */
export function cell(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'accepted':
      return '**accepted**';
    case 'refused':
      return outcome.error;
    case 'other bytes':
    case 'writes outside':
    case 'hangs':
    case 'crashes':
      return `**${outcome.kind}**`;
  }
}

export function describe(outcome: Outcome): string {
  const detail = 'message' in outcome ? `: ${outcome.message}` : '';
  return outcome.kind === 'refused' ? `refused (${outcome.error})${detail}` : `${outcome.kind}${detail}`;
}

/** A refusal is exit code 1 and one JSON line `{"error": …, "message": …}` on stdout (README.md). */
export function outcomeOf(ran: Ran): Outcome {
  if (ran.timedOut) return { kind: 'hangs', message: 'stopped at the time limit' };
  if (ran.code === 0) return { kind: 'accepted' };
  const line = ran.stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const report = Reader.of(parseJson(new TextEncoder().encode(line), 'report'), 'report');
    return { kind: 'refused', error: report.string('error'), message: report.string('message') };
  } catch {
    return { kind: 'crashes', message: `exit ${ran.code}: ${ran.stderr.trim().slice(-300)}` };
  }
}
