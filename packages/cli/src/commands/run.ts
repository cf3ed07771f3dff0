import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { isJsonObject, parseJson } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
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
    settings: await readSettings(options.text('settings')),
    onStart: ({ version }) => {
      signal.throwIfAborted();
      signal.removeEventListener('abort', stop);
      voice.note(`note: ${spec} ${version} is verified; it is not confined yet and can do what you can do`);
    },
  });
  return result.exitCode ?? (result.signal === null ? 1 : 128 + constants.signals[result.signal]);
}

/** `{ "folders": ["/data"], "level": 3 }`: what a bundle asks its person for. */
async function readSettings(
  file: string | undefined,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  const json = parseJson(bytes, file);
  const values = isJsonObject(json) ? Object.entries(json) : [];
  return new Map(
    values.map(([name, value]) => {
      const list = Array.isArray(value) ? value : [value];
      const texts = list.flatMap((item) =>
        ['string', 'number', 'boolean'].includes(typeof item) ? [String(item)] : [],
      );
      if (texts.length !== list.length)
        throw new CliError(
          'USAGE',
          `${file}: ${name} is neither a text, a number, true or false, nor a list of them`,
        );
      return [name, texts] as const;
    }),
  );
}
