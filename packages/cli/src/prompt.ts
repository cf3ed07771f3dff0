import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './errors.ts';
import { print } from './print.ts';

/** Whether a person sits at both ends: only then is anything asked. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks for a secret; what is typed is not shown. */
export async function askSecret(question: string, signal?: AbortSignal): Promise<string> {
  print(2, `${question} `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  return ask('', silent, signal).finally(() => print(2, '\n'));
}

/** Before a dangerous step: the person types `name`, or gave --yes. @throws CliError `CONFIRMATION_REQUIRED` */
export async function confirm(what: string, name: string, yes: boolean, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!isTerminal())
    throw new CliError('CONFIRMATION_REQUIRED', `${what}, and nobody is there to confirm it`, {
      hint: 'give --yes if you mean it',
    });
  print(2, `${what}. Type ${name} to go on: `);
  const answer = await ask('', process.stderr, signal);
  if (answer !== name)
    throw new CliError(
      'CONFIRMATION_REQUIRED',
      `${JSON.stringify(answer)} is not ${name}; nothing was changed`,
    );
}

async function ask(question: string, output: NodeJS.WritableStream, signal?: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await lines.question(question, signal === undefined ? {} : { signal });
  } finally {
    lines.close();
  }
}
