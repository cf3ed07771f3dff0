import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './errors.ts';
import { print } from './print.ts';
import { isTerminal } from './voice.ts';

/** Asks for a secret; what is typed is not shown. */
export async function askSecret(question: string, signal?: AbortSignal): Promise<string> {
  print(2, `\r\u001b[K${question}`); // a line of progress may stand there
  return ask('', () => undefined, signal).finally(() => print(2, '\n'));
}

/** Before a dangerous step: the person types `name`, or gave --yes. @throws CliError `CONFIRMATION_REQUIRED` */
export async function confirm(what: string, name: string, yes: boolean, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!isTerminal())
    throw new CliError('CONFIRMATION_REQUIRED', `${what}, and nobody is there to confirm it`, {
      hint: 'give --yes if you mean it',
    });
  const answer = await ask(`${what}. Type ${name} to go on: `, (typed) => print(2, typed), signal);
  if (answer !== name)
    throw new CliError(
      'CONFIRMATION_REQUIRED',
      `${JSON.stringify(answer)} is not ${name}; nothing was changed`,
    );
}

/** A question whose answer may be seen; `otherwise` for an empty one. */
export async function askLine(question: string, otherwise: string, signal: AbortSignal): Promise<string> {
  const answer = (await ask(question, (typed) => print(2, typed), signal)).trim();
  return answer === '' ? otherwise : answer;
}

/** One line from the person; `echo` gets what a terminal would show. Ctrl-C is the signal that it is elsewhere. */
async function ask(question: string, echo: (shown: string) => void, signal?: AbortSignal): Promise<string> {
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      echo(chunk.toString());
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT')); // a terminal that hides input sends no signal itself
  try {
    return await lines.question(question, signal === undefined ? {} : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new CliError('CONFIRMATION_REQUIRED', 'no answer was given; nothing was changed', { cause });
  } finally {
    lines.close();
  }
}
