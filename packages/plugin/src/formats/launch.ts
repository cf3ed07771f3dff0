import type { JsonOutput, Reader } from '@ragnos/tuf';
import { readLine, readLines, readTexts } from './common.ts';

/** What a person sets before a server of a bundle can start. */
export interface Setting {
  readonly type: 'string' | 'number' | 'boolean' | 'directory' | 'file';
  readonly title: string;
  readonly required: boolean;
  /** A secret: it comes from the environment, never from a command line. */
  readonly sensitive: boolean;
  readonly multiple: boolean;
  /** May hold variables such as `${HOME}`; null where the bundle has none. */
  readonly default: readonly string[] | null;
}

/**
 * How the entry is started, where more than its name is needed. Texts may hold `${__dirname}` (the plugin's folder),
 * `${HOME}`, `${DESKTOP}`, `${DOCUMENTS}`, `${DOWNLOADS}`, `${pathSeparator}`, `${/}` and `${user_config.<setting>}`.
 */
export interface Launch {
  /** After the entry; an argument that is nothing but a setting of several values becomes several arguments. */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, Setting>;
}

const types = ['string', 'number', 'boolean', 'directory', 'file'] as const;
const places: ReadonlySet<string> = new Set([
  '__dirname',
  'HOME',
  'DESKTOP',
  'DOCUMENTS',
  'DOWNLOADS',
  'pathSeparator',
  '/',
]);

/** Why a text of a launch cannot be filled in; null if it can. Shells and other programs are not asked. */
export function templateProblem(text: string, settings: ReadonlySet<string>): string | null {
  for (const name of variablesOf(text))
    if (
      !places.has(name) &&
      !(name.startsWith('user_config.') && settings.has(name.slice('user_config.'.length)))
    )
      return `\${${name.slice(0, 60)}} is no variable`;
  return null;
}

export function variablesOf(text: string): readonly string[] {
  const closed = text.slice(0, text.lastIndexOf('}') + 1); // else each that is not would be looked for to the end
  return [...closed.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1] ?? '');
}

/**
 * The variable of the host that a person puts a setting into: the one that the bundle itself passes it in, else its name in
 * capitals. Its author chooses it: nothing is read from it that was not granted, so a manifest has to declare it. `null` = a
 * folder that is only an argument; those are named when they are granted.
 */
export function settingVariable({ env, settings }: Launch, key: string): string | null {
  const own = [...env].find(([, text]) => text === `\${user_config.${key}}`)?.[0];
  const type = settings.get(key)?.type;
  if (own !== undefined) return own;
  if (type === 'directory' || type === 'file') return null;
  return key
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_');
}

export function readLaunch(reader: Reader): Launch {
  const list = reader.object('settings');
  const names = list.names();
  if (names.length > 100 || names.some((name) => !/^[\w.-]{1,100}$/.test(name)))
    reader.fail('settings', 'at most 100 settings with plain names');
  const settings = new Map(names.map((name) => [name, readSetting(list.object(name))]));
  const args = readLines(reader, 'args', 4096);
  const env = readTexts(reader, 'env');
  for (const name of env.keys())
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name)) reader.fail('env', 'names of environment variables');
  const known = new Set(names);
  const defaults = [...settings.values()].flatMap((setting) => setting.default ?? []);
  for (const [texts, allowed] of [
    [[...args, ...env.values()], known],
    [defaults, new Set<string>()],
  ] as const)
    for (const text of texts) {
      const problem = templateProblem(text, allowed);
      if (problem !== null) reader.fail('args', `known variables: ${problem}`);
    }
  return { args, env, settings };
}

function readSetting(reader: Reader): Setting {
  const type = reader.string('type');
  return {
    type: types.find((item) => item === type) ?? reader.fail('type', `one of ${types.join(', ')}`),
    title: readLine(reader, 'title'),
    required: reader.boolean('required'),
    sensitive: reader.boolean('sensitive'),
    multiple: reader.boolean('multiple'),
    default: reader.has('default') ? readLines(reader, 'default', 4096) : null,
  };
}

export function launchToJson({ args, env, settings }: Launch): JsonOutput {
  return {
    args,
    env,
    settings: new Map(
      [...settings].map(([name, { default: given, ...setting }]): [string, JsonOutput] => [
        name,
        given === null ? setting : { ...setting, default: given },
      ]),
    ),
  };
}
