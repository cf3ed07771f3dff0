import type { PluginManifest } from '../formats/manifest.ts';
import { parseCapabilities } from './capabilities.ts';
import { capabilityDifference, type CapabilityDifference } from './difference.ts';
import { startChanges } from './start-difference.ts';
import { textChanges, type TextChange } from './text-changes.ts';

/** Names that only the later one has, only the earlier one, and both with other content. Each list in order. */
export interface NameDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What changed between two signed manifests, by what they say: nothing was downloaded for it. */
export interface ManifestDifference {
  /** Tools and prompts included. */
  readonly capabilities: CapabilityDifference;
  /** How the later one is another thing, or is started by other means: a sentence each. */
  readonly changes: readonly string[];
  /** What the tools and prompts among the capabilities said, and say now. */
  readonly texts: readonly TextChange[];
  readonly files: NameDifference;
  /** Packages inside, changed in version or integrity. */
  readonly packages: NameDifference;
  /** Commands, and `main`, changed in the file that they start. */
  readonly entries: NameDifference;
  readonly lifecycleScripts: NameDifference;
  readonly evidence: NameDifference;
}

export function manifestDifference(before: PluginManifest, after: PluginManifest): ManifestDifference {
  const each = (pick: (manifest: PluginManifest) => Iterable<readonly [string, string]>): NameDifference =>
    compare(new Map(pick(before)), new Map(pick(after)));
  return {
    capabilities: capabilityDifference(
      parseCapabilities(before.capabilities),
      parseCapabilities(after.capabilities),
    ),
    changes: startChanges(before, after),
    texts: textChanges(before, after),
    files: each(({ files }) => files.map(({ path, sha256, mode }) => [path, `${sha256} ${mode}`])),
    packages: each(packagesOf),
    entries: each(({ entry, kind, runtime }) => [
      ['main', `${entry.main ?? ''} ${kind} ${runtime ?? 'node'}`],
      ...[...entry.bin].map(([name, path]): readonly [string, string] => [`command ${name}`, path]),
    ]),
    lifecycleScripts: each(({ lifecycleScripts }) => lifecycleScripts.map((name) => [name, ''])),
    evidence: each(({ evidence }) => evidence.map((name) => [name, ''])),
  };
}

/** A package may be inside in several versions. */
function packagesOf({ bundled }: PluginManifest): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, version, integrity } of bundled)
    found.set(
      name,
      [found.get(name), version, integrity ?? ''].filter((part) => part !== undefined).join(' '),
    );
  return found;
}

function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): NameDifference {
  const sorted = (names: readonly string[]): readonly string[] => names.toSorted();
  return {
    added: sorted([...after.keys()].filter((name) => !before.has(name))),
    removed: sorted([...before.keys()].filter((name) => !after.has(name))),
    changed: sorted(
      [...after]
        .filter(([name, value]) => before.has(name) && before.get(name) !== value)
        .map(([name]) => name),
    ),
  };
}
