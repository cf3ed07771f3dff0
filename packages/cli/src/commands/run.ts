import { constants } from 'node:os';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

/** stdin, stdout and stderr are the plugin's: an MCP server speaks over them. Ends with the plugin's own exit code. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const [spec = '', ...rest] = context.args;
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  const host = await hostFor(context);
  // Ctrl-C stops the verification; once the plugin runs, signals are passed on to it and how it ends is its own business.
  const verifying = new AbortController();
  const stop = (): void => verifying.abort(signal.reason);
  signal.addEventListener('abort', stop);
  const result = await host.run(spec, args, {
    signal: verifying.signal,
    bin: options.text('bin'),
    onStart: ({ version }) => {
      signal.throwIfAborted();
      signal.removeEventListener('abort', stop);
      voice.note(`note: ${spec} ${version} is verified; it is not confined yet and can do what you can do`);
    },
  });
  return result.exitCode ?? (result.signal === null ? 1 : 128 + constants.signals[result.signal]);
}
