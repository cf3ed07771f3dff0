import { homedir } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { quoted } from '../capabilities/visible.ts';
import { settingVariable, variablesOf, type Launch, type Setting } from '../formats/launch.ts';
import type { Runtime } from '../confine/grant.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { HostNotFoundError } from './errors.ts';

/** What stands beside the entry when it is started. */
export interface Filled {
  readonly args: readonly string[];
  /** What the bundle itself sets; nothing of the host's environment but what was granted. */
  readonly env: ReadonlyMap<string, string>;
  /** Folders and files that a person set for this start, and so meant the plugin to have. Never what its author wrote. */
  readonly folders: readonly string[];
}

/** What of this host a launch may be filled with. */
export interface GivenToLaunch {
  /** The variables that were granted, by name; `null` = it is not set. */
  readonly variables: ReadonlyMap<string, string | null>;
  /** Folders that a person named: absolute paths. */
  readonly folders: readonly string[];
}

export interface LaunchOptions {
  /** What a person set for this start, by the setting's name. */
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Where a setting is looked up that is not in `settings`. Absent: nowhere. */
  readonly given?: GivenToLaunch | undefined;
  readonly home?: string | undefined;
}

/**
 * What an entry of an installed plugin is started with, whose tree its process sees at `folder`.
 * @throws HostNotFoundError `NO_SUCH_COMMAND` where nothing of ours can start it, `SETTING_MISSING`
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
  const values = new Map<string, readonly string[]>();
  // Once, from left to right: a value that looks like a variable stays as it is.
  const fill = (text: string): string =>
    text.replace(/\$\{([^}]*)\}/g, (_, key: string) => places.get(key) ?? values.get(key)?.join(',') ?? '');
  for (const [key, setting] of launch.settings) {
    const byDefault = setting.default?.map(fill) ?? null; // of places alone, as its reader has seen to
    const value = valueOf(name, { launch, key, setting, byDefault, own: folder }, options);
    if (value !== null) values.set(`user_config.${key}`, value);
  }
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
    folders: [...launch.settings].flatMap(([key, setting]) =>
      isFolder(setting) ? (options.settings?.get(key) ?? []) : [],
    ),
  };
}

interface ToSet {
  readonly launch: Launch;
  readonly key: string;
  readonly setting: Setting;
  readonly byDefault: readonly string[] | null;
  /** The plugin's own folder, which it may read. */
  readonly own: string;
}

/** `null` = it has none. @throws SETTING_MISSING */
function valueOf(name: string, about: ToSet, options: LaunchOptions): readonly string[] | null {
  const { key, setting, launch } = about;
  const value = options.settings?.get(key) ?? valueHere(about, options.given);
  if (value === null && setting.required)
    throw new HostNotFoundError(
      'SETTING_MISSING',
      `${name} needs its setting ${key}, ${quoted(setting.title)}`,
      { hint: howToSet(name, launch, key, options.given) },
    );
  if (value !== null && value.length > 1 && !setting.multiple)
    throw new HostNotFoundError('NO_SUCH_COMMAND', `${name} takes one value for its setting ${key}`);
  return value;
}

/**
 * What a setting is without a person who sets it for this start: a variable that was granted, else the author's default. Of
 * folders only such as lie in one that a person named; the one setting for a folder is what was named.
 */
function valueHere(
  { launch, key, setting, byDefault, own }: ToSet,
  { variables, folders }: GivenToLaunch = { variables: new Map(), folders: [] },
): readonly string[] | null {
  const variable = settingVariable(launch, key);
  const from = variable === null ? null : (variables.get(variable) ?? null);
  const value = from === null ? byDefault : [from];
  if (!isFolder(setting)) return value;
  const known = [own, ...folders];
  if (value !== null && value.every((path) => known.some((one) => liesIn(path, one)))) return value;
  const isOnly = [...launch.settings.values()].filter(isFolder).length === 1;
  const fits =
    setting.type === 'directory' && (folders.length === 1 || (setting.multiple && folders.length > 0));
  return isOnly && fits ? folders : null;
}

function howToSet(name: string, launch: Launch, key: string, given: GivenToLaunch | undefined): string {
  const file = `ragv run --settings <file> ${name}, with { ${JSON.stringify(key)}: … } in it`;
  const setting = launch.settings.get(key);
  const variable = settingVariable(launch, key);
  if (variable === null || (setting !== undefined && isFolder(setting)))
    return `ragv install ${name} --grant all --folder <path>, or ${file}`;
  if (given?.variables.has(variable) === true) return `set the environment variable ${variable}, or ${file}`;
  return `it was not granted the environment variable ${variable}: ragv install ${name} --grant all, or ${file}`;
}

function isFolder({ type }: Setting): boolean {
  return type === 'directory' || type === 'file';
}

function liesIn(path: string, folder: string): boolean {
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
