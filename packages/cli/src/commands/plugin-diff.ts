import {
  codeChanges,
  fileChanges,
  type CodeChange,
  manifestDifference,
  type CapabilityDifference,
  type FileChange,
  type Host,
  type NameDifference,
  type PluginManifest,
  type Statement,
  type TextChange,
} from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { codeChangeLines } from '../code-changes.ts';
import { fileChangeLines } from '../file-changes.ts';
import { hostFor } from '../host.ts';
import { count } from '../text.ts';
import { textChangeLines } from '../text-changes.ts';

const maxShown = 20;

/** `ragv diff acme/hello@1.1.0 @1.2.0`; with one version, what is installed is compared with it. JSON has texts whole, and all files. */
export async function run(context: Context): Promise<undefined> {
  const { args, options, voice, signal } = context;
  const host = await hostFor(context);
  const [first = '', second] = args;
  const plugin = first.replace(/(?!^)@[^@/]*$/, '');
  const [from, to] =
    second === undefined
      ? [`${plugin}@${await installedVersion(context, plugin)}`, first]
      : [first, second.startsWith('@') ? `${plugin}${second}` : second];
  const before = await host.manifest(from, { signal });
  const after = await host.manifest(to, { signal });
  const difference = manifestDifference(before, after);
  const changed = fileChanges(before, after);
  const code = options.flag('code') ? await codeOf(host, from, to, signal) : null;
  const all = { from: named(before), to: named(after), ...difference, fileChanges: changed };
  voice.answer(code === null ? all : { ...all, codeChanges: code }, [
    `${named(before)} → ${named(after)}`,
    ...difference.changes.map((change) => `! ${change}`),
    ...capabilityLines(difference.capabilities),
    ...textLines(difference.texts, options.flag('texts')),
    ...nameLines('entries', difference.entries),
    ...nameLines('packages inside', difference.packages),
    ...nameLines('scripts, which are never run', difference.lifecycleScripts),
    ...nameLines('evidence', difference.evidence),
    ...(code !== null
      ? [headOf('files', difference.files), ...codeChangeLines(code)]
      : options.flag('files')
        ? fileLines(difference.files, changed)
        : nameLines('files', difference.files)),
  ]);
  return;
}

/** Both versions are downloaded for it, unless they are kept here, and verified as for an installation. */
async function codeOf(
  host: Host,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<readonly CodeChange[]> {
  const read = async (spec: string): Promise<Parameters<typeof codeChanges>[0]> => {
    const { manifest, files } = await host.files(spec, { signal });
    const bodies = new Map<string, Uint8Array>(files.map(({ path, body }) => [path, body]));
    return [manifest, (path) => bodies.get(path) ?? new Uint8Array()];
  };
  return codeChanges(await read(from), await read(to));
}

async function installedVersion(context: Context, plugin: string): Promise<string> {
  const name = plugin.slice(plugin.indexOf(':') + 1);
  const installed = await (await hostFor(context)).list();
  const found = installed.find((one) => `${one.vendor}/${one.plugin}` === name);
  if (found !== undefined) return found.version;
  throw new CliError('USAGE', `${plugin} is not installed, so two versions are needed`, {
    hint: `ragv diff ${plugin}@1.0.0 @1.1.0`,
  });
}

function named({ vendor, plugin, version }: PluginManifest): string {
  return `${vendor}/${plugin}@${version}`;
}

function capabilityLines({ wider, narrower }: CapabilityDifference): readonly string[] {
  // In the words of the question that an update asks; what is taken away needs no second thought.
  const gained = ({ severity, text }: Statement): string =>
    `  + ${text}${severity === 'high' ? '  (think twice)' : ''}`;
  const lines = [...wider.map(gained), ...narrower.map(({ text }) => `  - ${text}`)];
  return ['capabilities:', ...(lines.length === 0 ? ['  none changed'] : lines)];
}

function textLines(texts: readonly TextChange[], all: boolean): readonly string[] {
  if (texts.length === 0) return [];
  const short = { most: maxShown, command: '--texts shows them' };
  return ['what its tools and prompts say to a model:', ...textChangeLines(texts, all ? undefined : short)];
}

function fileLines(names: NameDifference, changes: readonly FileChange[]): readonly string[] {
  return changes.length === 0
    ? ['files: none changed']
    : [headOf('files', names), ...fileChangeLines(changes)];
}

function headOf(title: string, { added, removed, changed }: NameDifference): string {
  return `${title}: ${added.length} added, ${removed.length} removed, ${changed.length} changed`;
}

function nameLines(title: string, names: NameDifference): readonly string[] {
  const { added, removed, changed } = names;
  const lines = [
    ...added.map((name) => `  + ${name}`),
    ...removed.map((name) => `  - ${name}`),
    ...changed.map((name) => `  ~ ${name}`),
  ];
  if (lines.length === 0) return [];
  const rest = lines.length - maxShown;
  return [
    headOf(title, names),
    ...lines.slice(0, maxShown),
    ...(rest > 0 ? [`  and ${count(rest, 'more', 'more')}: --json lists them`] : []),
  ];
}
