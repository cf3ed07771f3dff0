import type { PluginManifest } from '../formats/manifest.ts';

interface Start {
  readonly entries: readonly string[];
  readonly startsOwn: boolean;
  /** That an operating system starts: native code, whatever it is written in. */
  readonly programs: readonly string[];
}

/** What is not JavaScript is not inspected: what it is started by is then all that holds it. */
export function isInspected(runtime: PluginManifest['runtime']): boolean {
  return runtime !== 'python' && runtime !== 'executable';
}

/**
 * What a host starts of a plugin: main, the commands, and files of its own that its start passes on. What a folder for Claude
 * or an extension of an editor starts stands in texts and in contributions, and no confinement of ours holds it: every
 * program of its own counts, of the packages in node_modules those that they reach. What Node does not start is no program of Node's.
 */
export function startOf(
  entry: PluginManifest['entry'],
  files: readonly { readonly path: string }[],
  runtime: PluginManifest['runtime'],
): Start {
  const passed = (entry.launch?.args ?? []).flatMap((text) =>
    [...text.matchAll(/\$\{__dirname\}(?:\/|\$\{\/\}|\$\{pathSeparator\})([^\s"',;=$]+)/g)].map(
      ([, path = '']) => path,
    ),
  );
  const isNode = isInspected(runtime);
  return {
    entries: isNode ? [...(entry.main === null ? [] : [entry.main]), ...entry.bin.values(), ...passed] : [],
    startsOwn: files.some(
      ({ path }) => path === '.claude-plugin/plugin.json' || path === 'extension.vsixmanifest',
    ),
    programs: runtime === 'executable' ? [...new Set(entry.bin.values())] : [],
  };
}
