import { Slices } from '../slices.ts';
import { loadReader } from './code/read-code.ts';
import { isPackageFile } from './file-kind.ts';
import type { Inspection, InspectOptions, PluginFile } from './inspection.ts';
import { Inspector } from './inspector.ts';

/**
 * Reads every file once: programs that are reached for what they use, all files for hidden characters and native code.
 * `read` gives a file's bytes; what it throws is thrown. A program that cannot be read counts as one that makes code from
 * text.
 */
export async function inspectFiles(
  files: readonly PluginFile[],
  read: (path: string) => Uint8Array | Promise<Uint8Array>,
  options: InspectOptions = {},
): Promise<Inspection> {
  const inspector = new Inspector(files, options, await loadReader());
  const slices = new Slices(options.signal);
  const paths = files.map(({ path }) => path).toSorted((a, b) => (a < b ? -1 : 1));
  // Every package.json first: it says what the programs below it are, and where others lie.
  for (const path of paths.filter(isPackageFile)) {
    inspector.addPackage(path, await read(path));
    if (slices.over) await slices.rest();
  }
  for (let path = inspector.next(); path !== null; path = inspector.next()) {
    inspector.reached(path, await read(path));
    if (slices.over) await slices.rest();
  }
  for (const path of paths) {
    if (inspector.isSeen(path)) continue;
    inspector.unreached(path, await read(path));
    if (slices.over) await slices.rest();
  }
  return inspector.result();
}
