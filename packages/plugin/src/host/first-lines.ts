import { join } from 'node:path';

import { quoted } from '../capabilities/visible.ts';
import { firstLineOf } from '../confine/first-line.ts';
import type { PluginManifest } from '../formats/manifest.ts';

type Started = Pick<PluginManifest, 'runtime' | 'entry'>;

interface Tree {
  readonly manifest: Started;
  readonly folder: string;
}

/** Whether it takes the files of both to know by what they are run. */
export function haveFirstLines(before: Started, after: Started): boolean {
  return before.runtime === 'executable' && after.runtime === 'executable';
}

/**
 * By which first lines scripts are run that none of the version before was run by, a sentence each that goes on after "it": a
 * line names a program of this host, which the sandbox has in it then. No manifest says them, so they are read in the trees.
 */
export function firstLineChanges(before: Tree, after: Tree): readonly string[] {
  if (!haveFirstLines(before.manifest, after.manifest)) return [];
  const known = linesOf(before);
  return [...linesOf(after)]
    .filter((line) => !known.has(line))
    .map(
      (line) =>
        `is run by ${quoted(line)} now, and was run by ${[...known].map((old) => quoted(old)).join(', ') || 'nothing but itself'} before`,
    );
}

function linesOf({ manifest, folder }: Tree): ReadonlySet<string> {
  return new Set(
    [...manifest.entry.bin.values()].flatMap((file) => {
      try {
        return firstLineOf(join(folder, file)) ?? [];
      } catch {
        return []; // damaged: what is new is asked about all the same
      }
    }),
  );
}
