import type { Launch, Setting } from '../formats/launch.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { moreOften } from './more-often.ts';
import { quoted } from './visible.ts';

type Entry = PluginManifest['entry'];

/**
 * How a version is started otherwise than the one before: its command, arguments, variables, settings and their defaults, and
 * what another program starts of it. A sentence each, that goes on after "it". The code of an entry may change; what it is
 * handed is between the author and whoever agreed to it.
 */
export function launchChanges(before: Entry, after: Entry): readonly string[] {
  const [old, now] = [before.launch ?? none, after.launch ?? none];
  const filled = before.launch !== undefined || after.launch !== undefined;
  return [
    ...(filled ? commandChanges(before.bin, after.bin) : []),
    ...argumentChanges(old.args, now.args),
    ...variableChanges(old.env, now.env),
    ...settingChanges(old.settings, now.settings),
    ...['hooks', 'servers'].flatMap((sort) => startedElsewhere(sort, before, after)),
  ];
}

const none: Launch = { args: [], env: new Map(), settings: new Map() };

function commandChanges(before: Entry['bin'], after: Entry['bin']): readonly string[] {
  const [old, now] = [[...before.values()], [...after.values()]];
  if (old.join('\n') === now.join('\n') || old.length === 0 || now.length === 0) return [];
  const words = (paths: readonly string[]): string => paths.map((path) => quoted(path)).join(', ');
  return [`starts ${words(now)} now, and started ${words(old)} before`];
}

function argumentChanges(before: readonly string[], after: readonly string[]): readonly string[] {
  const [added, removed] = [moreOften(after, before), moreOften(before, after)];
  if (added.length > 0 || removed.length > 0)
    return [
      ...added.map((text) => `is started with the argument ${quoted(text)}`),
      ...removed.map((text) => `is no longer started with the argument ${quoted(text)}`),
    ];
  return before.every((text, at) => text === after[at])
    ? []
    : ['is started with its arguments in another order'];
}

function variableChanges(before: Launch['env'], after: Launch['env']): readonly string[] {
  return [
    ...[...after].flatMap(([name, text]) => {
      const old = before.get(name);
      if (old === text) return [];
      const then = old === undefined ? '' : `, which was ${quoted(old)}`;
      return [`is started with the variable ${name} set to ${quoted(text)}${then}`];
    }),
    ...[...before.keys()]
      .filter((name) => !after.has(name))
      .map((name) => `is no longer started with the variable ${name}`),
  ];
}

function settingChanges(before: Launch['settings'], after: Launch['settings']): readonly string[] {
  return [
    ...[...after].flatMap(([name, setting]) => {
      const old = before.get(name);
      if (old === undefined) return [`has the setting ${name}: ${settingWords(setting)}`];
      if (sameSetting(old, setting)) return [];
      return [`has another setting ${name}: ${settingWords(setting)}, which was ${settingWords(old)}`];
    }),
    ...[...before.keys()]
      .filter((name) => !after.has(name))
      .map((name) => `no longer has the setting ${name}`),
  ];
}

/** By all that it is, of which the words may be shortened. */
function sameSetting(one: Setting, other: Setting): boolean {
  const { type, title, required, sensitive, multiple, default: given } = one;
  return (
    type === other.type &&
    title === other.title &&
    required === other.required &&
    sensitive === other.sensitive &&
    multiple === other.multiple &&
    given?.join('\n') === other.default?.join('\n') // each is of one line
  );
}

function settingWords({ type, title, required, sensitive, multiple, default: given }: Setting): string {
  return [
    `${type} ${quoted(title)}`,
    ...(required ? ['required'] : []),
    ...(sensitive ? ['secret'] : []),
    ...(multiple ? ['several'] : []),
    ...(given === null ? [] : [`by default ${given.map((text) => quoted(text)).join(' ')}`]),
  ].join(', ');
}

function startedElsewhere(sort: string, before: Entry, after: Entry): readonly string[] {
  const known = new Set(before.offers?.get(sort));
  return [...(after.offers?.get(sort) ?? [])]
    .filter((line) => !known.has(line))
    .map((line) => `has another of its ${sort}, which its host starts: ${quoted(line)}`);
}
