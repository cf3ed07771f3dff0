import { constants } from 'node:os';
import { modes, type Mode, type Withheld } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { hostFor } from '../host.ts';
import { readSettings } from '../settings-file.ts';
import { count } from '../text.ts';
import { standardStreams } from '../voice.ts';

/**
 * stdin, stdout and stderr are the plugin's, confined; an MCP server speaks over them through the filter. Ends with the
 * plugin's own exit code.
 */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const [spec = '', ...rest] = context.args;
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  const mode = readMode(options.text('mode'));
  const host = await hostFor(context);
  // Ctrl-C stops the verification; once the plugin runs, signals are passed on to it and how it ends is its own business.
  const verifying = new AbortController();
  const stop = (): void => verifying.abort(signal.reason);
  signal.addEventListener('abort', stop);
  const result = await host.run(spec, args, {
    stdio: standardStreams(),
    signal: verifying.signal,
    bin: options.text('bin'),
    settings: await readSettings(options.text('settings')),
    mode,
    mcp: options.flag('mcp') ? true : undefined,
    grant: options.flag('grant') ? {} : undefined,
    onStart: ({ version, mode: chosen, withheld }) => {
      signal.throwIfAborted();
      signal.removeEventListener('abort', stop);
      voice.note(`note: ${spec.replace(/@[^@]*$/, '')} ${version} is verified and ${modeWords[chosen]}`);
      for (const line of withheldLines(spec, withheld, options.flag('verbose'))) voice.note(line);
    },
    onJudged: (error, stopped) => {
      if (!stopped) voice.warn(`${error.message}; it goes on, as the policy says`); // the other ends it, and is said there
    },
    onRefused: (error) => voice.note(`note: ${error.message}`),
  });
  return result.exitCode ?? (result.signal === null ? 1 : 128 + constants.signals[result.signal]);
}

/** Beside a plugin's own words one line is enough; who wants to know asks. */
function withheldLines(spec: string, withheld: readonly Withheld[], all: boolean): readonly string[] {
  if (all) return withheld.map(({ what, by, why = by }) => `note: not given: ${what.text} (${why})`);
  if (withheld.length === 0) return [];
  const what = count(withheld.length, 'thing that it asks for is', 'things that it asks for are');
  return [`note: ${what} not given: ragv run --verbose ${spec} says which`];
}

/** Which confinement, and what of it nothing here enforces. */
const modeWords: Readonly<Record<Mode, string>> = {
  compute: 'may compute and nothing else',
  sandbox: 'held by the operating system to what was granted',
  process:
    'held by Node to what was granted; not enforced: what programs and native code that it was granted do, and links in granted folders',
  trusted: 'NOT confined: it can do what you can do',
};

function readMode(text: string | undefined): Mode | undefined {
  const mode = modes.find((one) => one === text);
  if (text !== undefined && mode === undefined)
    throw new CliError('USAGE', `--mode ${text} is none of ${modes.join(', ')}`);
  return mode;
}
