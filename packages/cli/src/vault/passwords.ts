import { passwordSource, type PasswordSource } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { askSecret } from '../prompt.ts';
import { isTerminal } from '../voice.ts';

/** Where the password of `role`'s key comes from: flags, then the environment, then a person. Never a default. */
export function passwordFor(
  role: string,
  context: Context,
  ask: typeof askSecret = askSecret,
): PasswordSource {
  const { options } = context;
  return passwordSource({
    role,
    env: process.env,
    file: options.text('password-file'),
    stdin: options.flag('password-stdin') ? process.stdin : undefined,
    prompt: isTerminal() ? ask : undefined,
    flags: { file: '--password-file', stdin: '--password-stdin' },
  });
}

/** The new password of `ragv key passwd`. */
export function newPasswordFor(role: string, context: Context): PasswordSource {
  return passwordSource({
    role,
    env: process.env,
    isNew: true,
    file: context.options.text('new-password-file'),
    prompt: isTerminal() ? askSecret : undefined,
    flags: { file: '--new-password-file', stdin: '--password-stdin' },
  });
}

/** For many new keys at once a person is asked for one password, twice. */
export function askOnceForAll(): typeof askSecret {
  const typed: string[] = [];
  return async (_question, signal) => {
    if (typed.length < 2)
      typed.push(await askSecret(typed.length === 0 ? 'new password of all keys: ' : 'again: ', signal));
    return typed.at(-1) ?? '';
  };
}
