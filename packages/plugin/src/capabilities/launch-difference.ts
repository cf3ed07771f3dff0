import type { Launch, Setting } from '../formats/launch.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { moreOften } from './more-often.ts';
import { quoted } from './visible.ts';

type Entry = PluginManifest['entry'];

/**
 * How a version is started otherwise than the one before: its command, arguments, variables, settings and their defaults, and
 * what another program starts of it. A sentence each, that goes on after "it", and no more of a kind than are read: twenty
 * harmless ones must not hide another. The code of an entry may change; what it is handed is between the author and whoever
 * agreed to it.
 */
export function launchChanges(before: Entry, after: Entry): readonly string[] {
  const [old, now] = [before.launch ?? none, after.launch ?? none];
  const filled = before.launch !== undefined || after.launch !== undefined;
  return [
    ...(filled ? commandChanges(before.bin, after.bin) : []),
    ...argumentChanges(old.args, now.args),
    ...variableChanges(old.env, now.env),
    ...['hooks', 'servers'].flatMap((sort) => startedElsewhere(sort, before, after)),
    ...settingChanges(old.settings, now.settings),
  ];
}

const none: Launch = { args: [], env: new Map(), settings: new Map() };

function commandChanges(before: Entry['bin'], after: Entry['bin']): readonly string[] {
  const [old, now] = [[...before.values()], [...after.values()]];
  if (old.join('\n') === now.join('\n') || old.length === 0 || now.length === 0) return [];
  const words = (paths: readonly string[]): string => paths.map((path) => quoted(path)).join(', ');
  return [`starts ${words(now)} now, and started ${words(old)} before`];
}

/** How many of a kind have a sentence of their own; the others have one together. */
const mostOfAKind = 4;

function few(all: readonly string[], begin: string, beginMore: (count: number) => string): readonly string[] {
  const own = all.slice(0, all.length > mostOfAKind ? mostOfAKind - 1 : mostOfAKind);
  const rest = all.slice(own.length);
  return [
    ...own.map((words) => `${begin} ${words}`),
    ...(rest.length === 0 ? [] : [`${beginMore(rest.length)}: ${rest.join('; ')}`]),
  ];
}

function argumentChanges(before: readonly string[], after: readonly string[]): readonly string[] {
  const [added, removed] = [moreOften(after, before), moreOften(before, after)];
  const words = (all: readonly string[]): readonly string[] => all.map((text) => quoted(text));
  if (added.length > 0 || removed.length > 0)
    return [
      ...few(words(added), 'is started with the argument', (n) => `is started with ${n} more arguments`),
      ...few(
        words(removed),
        'is no longer started with the argument',
        (n) => `is no longer started with ${n} more`,
      ),
    ];
  return before.every((text, at) => text === after[at])
    ? []
    : ['is started with its arguments in another order'];
}

function variableChanges(before: Launch['env'], after: Launch['env']): readonly string[] {
  const set = [...after].flatMap(([name, text]) => {
    const old = before.get(name);
    if (old === text) return [];
    return [`${name} set to ${quoted(text)}${old === undefined ? '' : `, which was ${quoted(old)}`}`];
  });
  const gone = [...before.keys()].filter((name) => !after.has(name));
  return [
    ...few(set, 'is started with the variable', (n) => `is started with ${n} more variables`),
    ...few(
      gone,
      'is no longer started with the variable',
      (n) => `is no longer started with ${n} more variables`,
    ),
  ];
}

/** What is added, what is changed and what is gone, in one sentence each: nobody reads a hundred settings one by one. */
function settingChanges(before: Launch['settings'], after: Launch['settings']): readonly string[] {
  const together = (all: readonly string[], one: string, many: string): readonly string[] =>
    all.length < 2
      ? all.map((words) => `${one} ${words}`)
      : [`${many.replace('#', String(all.length))} ${all.join('; ')}`];
  const added = [...after]
    .filter(([name]) => !before.has(name))
    .toSorted(([, a], [, b]) => tells(b) - tells(a));
  const changed = [...after].flatMap(([name, setting]) => {
    const old = before.get(name);
    if (old === undefined || sameSetting(old, setting)) return [];
    return [`${name}: ${settingWords(setting)}, which was ${settingWords(old)}`];
  });
  const gone = [...before.keys()].filter((name) => !after.has(name));
  return [
    ...together(
      added.map(([name, setting]) => `${name}: ${settingWords(setting)}`),
      'has the setting',
      'has # more settings:',
    ),
    ...together(changed, 'has another setting', 'has # other settings:'),
    ...together(gone, 'no longer has the setting', 'no longer has # settings:'),
  ];
}

/** A secret that is asked for, and a value that nobody typed, say more about a plugin than a title. */
function tells({ sensitive, default: given }: Setting): number {
  return (sensitive ? 2 : 0) + (given === null ? 0 : 1);
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
  const added = [...(after.offers?.get(sort) ?? [])]
    .filter((line) => !known.has(line))
    .map((line) => quoted(line));
  return few(
    added,
    `has another of its ${sort}, which its host starts:`,
    (n) => `has ${n} more of its ${sort}`,
  );
}
