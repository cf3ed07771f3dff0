import { passwordSource, type PasswordSource } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { askSecret } from '../prompt.ts';
import { isTerminal } from '../voice.ts';

/** Where the password of `role`'s key comes from: flags, then the environment, then a person. Never a default. */
export function passwordFor(role: string, context: Context): PasswordSource {
  const { options } = context;
  return passwordSource({
    role,
    env: process.env,
    file: options.text('password-file'),
    stdin: options.flag('password-stdin') ? process.stdin : undefined,
    prompt: isTerminal() ? askSecret : undefined,
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
