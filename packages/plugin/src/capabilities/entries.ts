import type { PluginManifest } from '../formats/manifest.ts';

/**
 * What a host starts of a plugin: main, the commands, and files of its own that its start passes on. What a folder for Claude
 * or an extension of an editor starts stands in texts and in contributions, and no confinement of ours holds it: every
 * program of its own counts, of the packages in node_modules those that they reach.
 */
export function startOf(
  entry: PluginManifest['entry'],
  files: readonly { readonly path: string }[],
): { readonly entries: readonly string[]; readonly startsOwn: boolean } {
  const passed = (entry.launch?.args ?? []).flatMap((text) =>
    [...text.matchAll(/\$\{__dirname\}(?:\/|\$\{\/\}|\$\{pathSeparator\})([^\s"',;=$]+)/g)].map(
      ([, path = '']) => path,
    ),
  );
  return {
    entries: [...(entry.main === null ? [] : [entry.main]), ...entry.bin.values(), ...passed],
    startsOwn: files.some(
      ({ path }) => path === '.claude-plugin/plugin.json' || path === 'extension.vsixmanifest',
    ),
  };
}
