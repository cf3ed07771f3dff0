import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

/** stdin, stdout and stderr are the plugin's: an MCP server speaks over them. Ends with the plugin's own exit code. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const [spec = '', ...rest] = context.args;
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  const host = await hostFor(context);
  const result = await host.run(spec, args, {
    signal,
    bin: options.text('bin'),
    onStart: ({ version }) =>
      voice.note(`note: ${spec} ${version} is verified; it is not confined yet and can do what you can do`),
  });
  return result.exitCode ?? (result.signal === null ? 1 : 128 + signalNumber(result.signal));
}

function signalNumber(signal: NodeJS.Signals): number {
  return (
    new Map<NodeJS.Signals, number>([
      ['SIGINT', 2],
      ['SIGKILL', 9],
      ['SIGSEGV', 11],
      ['SIGTERM', 15],
      ['SIGABRT', 6],
    ]).get(signal) ?? 0
  );
}
