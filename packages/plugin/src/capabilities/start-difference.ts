import type { PluginManifest } from '../formats/manifest.ts';
import { isInspected } from './entries.ts';
import { launchChanges } from './launch-difference.ts';

type Start = Pick<PluginManifest, 'kind' | 'runtime' | 'entry'>;

const kinds: Readonly<Record<PluginManifest['kind'], string>> = {
  node: 'a plugin of programs on Node',
  mcp: 'a server for AI hosts (MCP)',
  vscode: 'an extension of an editor',
  claude: 'a plugin of Claude',
  python: 'a package for Python',
};
const runtimes: Readonly<Record<NonNullable<PluginManifest['runtime']>, string>> = {
  node: 'by Node',
  python: 'by Python',
  executable: 'as a program of its own',
  none: 'by the program that it is a plugin of',
};

/**
 * What a first version is that Node does not start: a sentence that goes on after "it". Nobody who is asked may take it for
 * something that was looked at.
 */
export function startWords({ runtime }: Start): readonly string[] {
  if (isInspected(runtime)) return [];
  return [
    `is started ${runtimes[runtime ?? 'node']}: its code is not inspected, and only the operating system’s sandbox holds it`,
  ];
}

/**
 * How a version is another thing than the one before, or is started by other means: a sentence each, that goes on after "it".
 * Whoever agreed to a library did not agree to a program, nor to another launch, whatever it asks for. Empty where nothing but
 * its code changed, or where it lost a way to be started.
 */
export function startChanges(before: Start, after: Start): readonly string[] {
  const by = ({ runtime = 'node' }: Start): string => runtimes[runtime];
  const isLost = isInspected(before.runtime) && !isInspected(after.runtime);
  const unread = isLost ? ': its code is not inspected any more' : '';
  const changes = [
    ...(before.kind === after.kind
      ? []
      : [`is ${kinds[after.kind]} now, and was ${kinds[before.kind]} before`]),
    ...(by(before) === by(after)
      ? []
      : [`is started ${by(after)} now, and was started ${by(before)} before${unread}`]),
  ];
  return [
    ...(changes.length > 0 ? changes : otherEntry(before.entry, after.entry)),
    ...launchChanges(before.entry, after.entry),
  ];
}

/** One way more beside the one that there was is an entry more of the same plugin; another in its place is not. */
function otherEntry(before: Start['entry'], after: Start['entry']): readonly string[] {
  const [wasModule, wasCommand] = [before.main !== null, before.bin.size > 0];
  const [isModule, isCommand] = [after.main !== null, after.bin.size > 0];
  if ((wasModule && isModule) || (wasCommand && isCommand) || !(isModule || isCommand)) return [];
  const now = isModule ? 'is loaded as a module now' : 'is started as a command now';
  const then = wasModule ? 'was loaded as a module' : wasCommand ? 'was started as a command' : null;
  return [then === null ? `${now}, and nothing of it was started before` : `${now}, and ${then} before`];
}
