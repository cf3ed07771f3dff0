import type { Context } from '../command.ts';
import { completionScript } from '../completion.ts';
import { CliError } from '../errors.ts';

export async function run(context: Context): Promise<undefined> {
  const shell = context.args[0] ?? '';
  const script = completionScript(shell);
  if (script === null)
    throw new CliError('USAGE', `no completion for ${JSON.stringify(shell)}`, { hint: 'bash, zsh or fish' });
  context.voice.text(script);
  return Promise.resolve(undefined);
}
