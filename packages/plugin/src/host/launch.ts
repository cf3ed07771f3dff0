import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { variablesOf, type Launch, type Setting } from '../formats/launch.ts';
import type { Runtime } from '../confine/grant.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { HostNotFoundError } from './errors.ts';

/** What stands beside the entry when it is started. */
export interface Filled {
  readonly args: readonly string[];
  /** What the bundle itself sets; nothing of the host's environment but the settings that it asks for. */
  readonly env: ReadonlyMap<string, string>;
  /** Folders and files that are the values of settings: whoever set them meant the plugin to have them. */
  readonly folders: readonly string[];
}

export interface LaunchOptions {
  /** Values of settings by name; a setting that is not here is looked up in `environment`. */
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly home?: string | undefined;
}

/**
 * What an entry of an installed plugin is started with, whose tree its process sees at `folder`.
 * @throws HostNotFoundError `NO_SUCH_COMMAND` where nothing of ours can start it, or a setting is missing
 */
export function launchOf(manifest: PluginManifest, folder: string, options: LaunchOptions = {}): Filled {
  refuseForeign(manifest);
  return fillLaunch(`${manifest.vendor}/${manifest.plugin}`, manifest.entry.launch, folder, options);
}

/** The command named, else the one called like the plugin, else the only one, else `main`. @throws NO_SUCH_COMMAND */
export function chooseEntry({ vendor, plugin, entry }: PluginManifest, bin: string | undefined): string {
  const only = entry.bin.size === 1 ? [...entry.bin.values()][0] : undefined;
  const chosen =
    bin === undefined ? (entry.bin.get(plugin) ?? only ?? entry.main ?? undefined) : entry.bin.get(bin);
  if (chosen !== undefined) return chosen;
  const commands = [...entry.bin.keys()].join(', ');
  throw new HostNotFoundError(
    'NO_SUCH_COMMAND',
    bin === undefined
      ? `${vendor}/${plugin} has several commands`
      : `${vendor}/${plugin} has no command ${bin}`,
    {
      hint:
        commands === '' ? 'it is a library, there is nothing to run' : `choose one with --bin: ${commands}`,
    },
  );
}

/** What runs it, if anything of ours does: Node, where the manifest says nothing. */
export function runtimeOf({ runtime }: PluginManifest): Runtime {
  return runtime === undefined || runtime === 'none' ? 'node' : runtime;
}

/** @throws HostNotFoundError `NO_SUCH_COMMAND` for what only another program can start */
export function refuseForeign({ vendor, plugin, runtime, kind }: PluginManifest): void {
  if (runtime === 'none')
    throw new HostNotFoundError('NO_SUCH_COMMAND', `${vendor}/${plugin} is not started by itself`, {
      hint: startedBy[kind],
    });
}

const startedBy: Readonly<Record<PluginManifest['kind'], string>> = {
  node: 'it is a library, there is nothing to run',
  mcp: 'it is a library, there is nothing to run',
  vscode: 'an editor starts it; ragv artifact hands out its published file for one',
  claude: 'Claude Code loads it from its folder: ragv list --json shows where that is',
  python: 'Python imports it: put it into an environment with ragv pip install',
};

function fillLaunch(
  name: string,
  launch: Launch | undefined,
  folder: string,
  options: LaunchOptions,
): Filled {
  if (launch === undefined) return { args: [], env: new Map(), folders: [] };
  for (const given of options.settings?.keys() ?? [])
    if (!launch.settings.has(given))
      throw new HostNotFoundError('NO_SUCH_COMMAND', `${name} has no setting ${given}`, {
        hint: `it has ${[...launch.settings.keys()].join(', ') || 'none'}`,
      });
  const values = new Map<string, readonly string[]>();
  for (const [key, setting] of launch.settings) {
    const value = valueOf(name, launch, key, setting, options);
    if (value !== null) values.set(`user_config.${key}`, value);
  }
  const home = options.home ?? homedir();
  const places = new Map([
    ['__dirname', folder],
    ['HOME', home],
    ['DESKTOP', join(home, 'Desktop')],
    ['DOCUMENTS', join(home, 'Documents')],
    ['DOWNLOADS', join(home, 'Downloads')],
    ['pathSeparator', sep],
    ['/', sep],
  ]);
  // Once, from left to right: a value that looks like a variable stays as it is.
  const fill = (text: string): string =>
    text.replace(/\$\{([^}]*)\}/g, (_, key: string) => places.get(key) ?? values.get(key)?.join(',') ?? '');
  const filled = (list: readonly string[]): readonly string[] => list.map(fill);
  for (const [key, { default: given }] of launch.settings)
    if (given !== null && values.get(`user_config.${key}`) === given)
      values.set(`user_config.${key}`, filled(given));
  const unset = (text: string): boolean =>
    variablesOf(text).some((key) => key.startsWith('user_config.') && !values.has(key));
  return {
    args: launch.args.flatMap((text) => {
      if (unset(text)) return []; // as the bundle's own hosts leave an optional one out
      const [only] = variablesOf(text);
      const several = only !== undefined && text === `\${${only}}` ? values.get(only) : undefined;
      return several ?? [fill(text)];
    }),
    env: new Map([...launch.env].flatMap(([key, text]) => (unset(text) ? [] : [[key, fill(text)] as const]))),
    folders: [...launch.settings].flatMap(([key, { type }]) =>
      type === 'directory' || type === 'file' ? (values.get(`user_config.${key}`) ?? []) : [],
    ),
  };
}

function valueOf(
  name: string,
  launch: Launch,
  key: string,
  setting: Setting,
  options: LaunchOptions,
): readonly string[] | null {
  const variable = settingVariable(launch, key);
  const from = options.environment?.[variable];
  const value = options.settings?.get(key) ?? (from === undefined ? null : [from]) ?? setting.default;
  if (value === null && setting.required)
    throw new HostNotFoundError('NO_SUCH_COMMAND', `${name} needs its setting ${key}: ${setting.title}`, {
      hint: setting.sensitive
        ? `set the environment variable ${variable}`
        : `ragv run --settings <file>, with { ${JSON.stringify(key)}: … }`,
    });
  if (value !== null && value.length > 1 && !setting.multiple)
    throw new HostNotFoundError('NO_SUCH_COMMAND', `${name} takes one value for its setting ${key}`);
  return value;
}

/** The environment variable that holds a setting: the one that the bundle itself passes it in, else its name in capitals. */
export function settingVariable(launch: Launch, key: string): string {
  const own = [...launch.env].find(([, text]) => text === `\${user_config.${key}}`)?.[0];
  return own ?? key.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
}
