import { posix } from 'node:path';
import { isTextName, maxTextName, maxTexts, textDigest } from '../formats/texts.ts';
import { quoted } from './visible.ts';

type Read = (path: string) => Uint8Array | Promise<Uint8Array>;

/** What a folder for Claude says to a model. */
export interface ClaudePrompts {
  /** As they are hashed, by where they stand: canonical JSON, like the texts of a server. */
  readonly prompts: ReadonlyMap<string, string>;
  /** What no manifest could list as it is, and why. */
  readonly unfit: readonly { readonly file: string; readonly what: string }[];
}

const manifestPath = '.claude-plugin/plugin.json';
/** Members of its manifest that name files or folders of prompts beside the usual ones, or hold the prompts themselves. */
const members = ['commands', 'agents', 'skills', 'outputStyles'] as const;
const usual = /^(?:commands|agents|skills|output-styles)\/.*\.md$|(?:^|\/)skill\.md$/i;

/**
 * The prompts of a folder for Claude, found anew from its files by whoever packs it, at the door, and on each host: commands,
 * agents, output styles, skills with the texts beside them, and hooks that ask a model. Empty for any other tree. What lies in
 * `node_modules` Claude does not look at. Case does not count, since on some disks it does not. What its manifest names has to
 * be there: a path that is not could still be one to Claude.
 */
export async function claudePrompts(
  files: readonly { readonly path: string }[],
  read: Read,
): Promise<ClaudePrompts> {
  const own = files.map(({ path }) => path).filter((path) => !/(?:^|\/)node_modules\//.test(path));
  const main = own.find((path) => path.toLowerCase() === manifestPath);
  if (main === undefined) return { prompts: new Map(), unfit: [] };
  const json = jsonOf(await read(main));
  const prompts = new Map<string, string>();
  const unfit: { file: string; what: string }[] = [];
  const add = (name: string, text: string | null): void => {
    const what =
      text === null
        ? 'a prompt that is not UTF-8'
        : !isTextName(name)
          ? `a prompt whose path has more than ${maxTextName} characters, or some that nobody sees`
          : prompts.size >= maxTexts
            ? `a prompt beyond the ${maxTexts} that a manifest lists`
            : null;
    if (what === null) prompts.set(name, JSON.stringify(text));
    else unfit.push({ file: name, what });
  };
  const named = new Set(members.flatMap((member) => pathsIn(json.get(member))));
  const isNamed = (path: string): boolean => around(path).some((place) => named.has(place));
  const hookFiles = new Set(pathsIn(json.get('hooks')));
  const lower = own.map((path) => path.toLowerCase());
  const missing = [
    ...named.difference(new Set(lower.flatMap((path) => around(path)))),
    ...hookFiles.difference(new Set(lower)),
  ];
  hookFiles.add('hooks/hooks.json');
  for (const one of new Set(missing))
    unfit.push({ file: main, what: `names ${quoted(one, 100)}, which is not in the folder` });
  for (const path of own.toSorted())
    if (usual.test(path) || (/\.md$/i.test(path) && isNamed(path.toLowerCase())))
      add(path, textOf(await read(path)));
  for (const member of members) {
    const inline = objectsIn(json.get(member));
    if (inline.length > 0) add(`${main}: ${member}`, JSON.stringify(inline));
  }
  for (const path of own.toSorted())
    if (hookFiles.has(path.toLowerCase())) addHooks(path, parsed(await read(path)), add);
  addHooks(main, objectsIn(json.get('hooks')), add);
  return { prompts, unfit };
}

/** Of the prompts that a tree has, those that the manifest does not list as they are. Files that it lists and that are gone say nothing. */
export function unsignedPrompts(
  { prompts, unfit }: ClaudePrompts,
  listed: ReadonlyMap<string, string>,
): readonly { readonly file: string; readonly what: string }[] {
  const missing = [...prompts].filter(([name, text]) => listed.get(name) !== textDigest(text));
  const what = 'a prompt for a model that the manifest does not list as it is here';
  return [...unfit, ...missing.map(([file]) => ({ file, what }))];
}

/** A hook with a `prompt` asks a model; what a hook starts is in `entry.offers`. */
function addHooks(file: string, value: unknown, add: (name: string, text: string) => void): void {
  let number = 0;
  walk(value, (item) => {
    const prompt = item.get('prompt');
    if (typeof prompt === 'string') add(`${file}: prompt ${++number}`, prompt.toWellFormed());
  });
}

/** Every object in `value`, outermost first. Deeper than anybody writes is not looked at: neither does Claude. */
function walk(value: unknown, visit: (item: ReadonlyMap<string, unknown>) => void, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 64) return;
  if (!Array.isArray(value)) visit(new Map(Object.entries(value)));
  for (const item of Object.values(value)) walk(item, visit, depth + 1);
}

function objectsIn(value: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === 'object' && item !== null);
}

/** The files and folders that it names, as a disk finds them, in lower case; `.` is the whole folder. */
function pathsIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const collect = (item: unknown): void => {
    if (typeof item === 'string') found.push(placeOf(item));
  };
  for (const item of Array.isArray(value) ? Array.from<unknown>(value) : [value]) collect(item);
  walk(value, (item) => {
    collect(item.get('source'));
  });
  return found;
}

/** A file, the folders that it is in, and the whole. */
function around(path: string): readonly string[] {
  const parts = path.split('/');
  return ['.', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/** By the rules of every system: on one of them a backslash parts names. What leads out of the folder keeps its `..` or `/`. */
function placeOf(text: string): string {
  const path = text.replaceAll('\\', '/').replace(/^\$\{CLAUDE_PLUGIN_ROOT\}(?=\/|$)/, '.');
  const place = posix.normalize(path).toLowerCase();
  return place.length > 1 && place.endsWith('/') ? place.slice(0, -1) : place;
}

function jsonOf(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  const json = parsed(bytes);
  return new Map(typeof json === 'object' && json !== null ? Object.entries(json) : []);
}

/** What cannot be read Claude cannot read either, and packing refuses it. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
