import type { Voice } from './voice.ts';

/** One option: `['--reason <text>', 'why']`. A flag that ends in `…>` with a list type may be given several times. */
export type OptionSpec = readonly [flags: string, description: string];

/** Who a command is for decides which common options it has. */
export type Audience = 'operator' | 'host' | 'both' | 'anyone';

/** A command as data: parser, help, completion and the manual page are made from the same table. */
export interface CommandSpec {
  /** `['key', 'rotate']` */
  readonly words: readonly string[];
  /** As commander writes them: `<plugin> [args...]` */
  readonly args: string;
  readonly summary: string;
  readonly audience: Audience;
  /** Has `--dry-run`. */
  readonly writes: boolean;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Everything after the arguments goes to the plugin untouched. */
  readonly passThrough?: boolean;
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  /** Resolves with an exit code, 0 if undefined; what it throws is said by the voice. */
  readonly run: (context: Context) => Promise<number | undefined>;
}

/** What a command gets: its words, its options, its voice, and the signal that Ctrl-C raises. */
export interface Context {
  readonly voice: Voice;
  readonly signal: AbortSignal;
  /** Positional arguments; those of `[args...]` are at the end. */
  readonly args: readonly string[];
  readonly options: Options;
  readonly dryRun: boolean;
}

/** Options by their long name without dashes; commander checked that they exist. */
export class Options {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = new Map(Object.entries(values));
  }

  /** The text given, or undefined. */
  text(name: string): string | undefined {
    const value = this.#values.get(camelCase(name));
    return typeof value === 'string' ? value : undefined;
  }

  /** Whether `--name` was given; for `--no-name`, whether it was not. */
  flag(name: string): boolean {
    return this.#values.get(camelCase(name)) === true;
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(camelCase(name));
    return Array.isArray(value) ? value.map(String) : [];
  }
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
