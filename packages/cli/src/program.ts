import { Command, CommanderError, Option } from 'commander';
import { commonOptionsLast } from './arguments.ts';
import { Options, type CommandSpec } from './command.ts';
import { commands, commonOptions } from './commands.ts';
import { CliError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { version } from './version.ts';
import { Voice } from './voice.ts';

/** Parses `args`, runs the command and resolves with the exit code. Everything that is thrown ends here. */
export async function run(args: readonly string[]): Promise<number> {
  const ours = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  // Until the command is known; then its own options decide, since `ragv run` passes a plugin's flags on.
  let voice = new Voice({ json: ours.includes('--json'), quiet: ours.includes('--quiet') });
  const speakAs = (chosen: Voice): void => {
    voice = chosen;
  };
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new Error('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await parse(commonOptionsLast(args), voice, speakAs, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) {
      voice.warn('interrupted; nothing was left half-done');
      return exitCodes.interrupted[0];
    }
    return voice.error(error);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function parse(
  args: readonly string[],
  first: Voice,
  speakAs: (voice: Voice) => void,
  signal: AbortSignal,
): Promise<number> {
  let exit = 0;
  const program = buildProgram(named(args[0]), first, async (spec, words, values) => {
    const options = new Options(values);
    const voice = new Voice({ json: options.flag('json'), quiet: options.flag('quiet') });
    speakAs(voice);
    const { run: command } = await spec.load();
    exit = (await command({ voice, signal, args: words, options, dryRun: options.flag('dry-run') })) ?? 0;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0; // help or version, printed already
    if (error.code === 'commander.help') return exitCodes.usage[0];
    throw new CliError('USAGE', error.message.replace(/^error: /, '').replaceAll('\n', ' '), {
      hint: 'ragv --help shows all commands, ragv <command> --help its options',
    });
  }
  return exit;
}

/** The commands that `word` begins: to lay out the others would take longer than to parse. All of them if it begins none. */
function named(word: string | undefined): readonly CommandSpec[] {
  const found = commands.filter((spec) => spec.words[0] === word);
  return found.length === 0 ? commands : found;
}

type Action = (
  spec: CommandSpec,
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** The parser of `specs`, made from the table; `act` is called with the command that was chosen. */
export function buildProgram(specs: readonly CommandSpec[], voice: Voice, act: Action): Command {
  const program = new Command('ragv')
    .description('Plugins that hosts can trust.')
    .version(version(), '-V, --version')
    .addHelpText(
      'before',
      'Examples:\n  ragv init ./vault --vendor acme\n  ragv publish ./hello --vault ./vault\n  ragv serve --vault ./vault\n  ragv install acme/hello@^1\n',
    )
    .configureHelp({ showGlobalOptions: false })
    .enablePositionalOptions();
  prepare(program, voice);
  const groups = new Map<string, Command>();
  for (const spec of specs) {
    const [first = ''] = spec.words;
    // `ragv log` is a command by itself and has others below it.
    const isGroup = commands.some(({ words }) => words[0] === first && words.length > 1);
    const parent = isGroup ? (groups.get(first) ?? group(program, first, groups, voice)) : program;
    addCommand(parent, spec, voice, act, isGroup && spec.words.length === 1);
  }
  return program;
}

function group(program: Command, name: string, groups: Map<string, Command>, voice: Voice): Command {
  const actions = commands.flatMap(({ words }) => (words[0] === name ? words.slice(1) : []));
  const made = program.command(name).description(`${actions.join(', ')}; see ragv ${name} --help`);
  prepare(made, voice);
  groups.set(name, made);
  return made;
}

function addCommand(parent: Command, spec: CommandSpec, voice: Voice, act: Action, isDefault: boolean): void {
  const usage = `${spec.words.at(-1)} ${spec.args}`.trim();
  const command = parent.command(usage, { isDefault, hidden: isDefault }).description(spec.summary);
  prepare(command, voice);
  for (const [flags, description] of [...spec.options, ...commonOptions(spec)])
    command.addOption(new Option(flags, description));
  if (spec.passThrough === true) command.passThroughOptions();
  command.addHelpText('before', `Examples:\n${spec.examples.map((example) => `  ${example}`).join('\n')}\n`);
  command.action(async () => act(spec, command.args, command.opts<Record<string, unknown>>()));
}

/** Errors are thrown, not printed; the help goes through the voice. */
function prepare(command: Command, voice: Voice): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => voice.text(text),
      writeErr: (text) => voice.page(text), // a command that is not finished: its help, but not as an answer
      outputError: () => undefined,
    });
}
