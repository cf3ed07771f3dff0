import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { ConfineFailureError } from './errors.ts';
import { shell } from './gate.ts';

/** Its standard input ends with us: reads `+ number` and `- number`, and at the end kills what is left. */
const script = `while read -r sign number; do
  rest=
  for one in $numbers; do [ "$one" = "$number" ] || rest="$rest $one"; done
  numbers=$rest
  [ "$sign" = - ] || numbers="$numbers $number"
done
[ -z "$numbers" ] || kill -s KILL -- $numbers`;

/** Processes, and as negative numbers groups of them, that end with this process. */
const held = new Set<number>();
let input: Writable | null = null;

/**
 * Settles when these end with this process, however it ends: a shell of ours that lives a moment longer sees to it. The kernel's
 * own way is too late for what is just being started, and what runs in a sandbox can take it back from bubblewrap.
 * @throws ConfineFailureError `START_FAILED`
 */
export async function hold(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) held.add(number);
  const [to, said] = input === null ? [open(), [...held]] : [input, numbers];
  await new Promise<void>((resolve, reject) => {
    to.write(said.map((number) => `+ ${number}\n`).join(''), (cause) => {
      if (!cause) resolve();
      else
        reject(new ConfineFailureError('START_FAILED', `${shell} does not run: ${cause.message}`, { cause }));
    });
  });
}

/** They are gone. The shell stays: to start another takes some milliseconds of the next plugin's start. */
export function release(numbers: readonly number[]): void {
  const said = numbers.filter((number) => held.delete(number));
  input?.write(said.map((number) => `- ${number}\n`).join(''));
}

function open(): Writable {
  const child = spawn(shell, ['-c', script, 'ragv-lifeline'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
    detached: true, // what a terminal sends to us is not for it
  });
  const { stdin, pid } = child;
  const gone = (): void => {
    if (input === stdin) input = null; // the next start tells another all of it
  };
  child.on('error', gone).on('exit', gone).unref();
  if (pid === undefined) throw new ConfineFailureError('START_FAILED', `${shell} could not be started`);
  stdin.on('error', gone);
  if (stdin instanceof Socket) stdin.unref();
  return (input = stdin);
}
