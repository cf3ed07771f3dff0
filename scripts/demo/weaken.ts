/**
 * Test builds with a check taken out. An attack that is refused proves little if it could not have worked:
 * so each one is first run against a copy of the compiled packages in which exactly its check is disabled.
 */
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One disabled check: in `file` (of `packages/<package>/dist`), `find` must stand exactly once. */
export interface Patch {
  readonly package: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Copies the compiled packages of `root` to `folder`, applies `patches`, and returns the command's main file.
 * Throws when a patch does not fit exactly once: a check that moved must not turn a test into a tautology.
 * `folder` lies below `root`, so that third-party packages resolve as they do for the real build.
 */
export async function weakenedBuild(
  root: string,
  folder: string,
  patches: readonly Patch[],
): Promise<string> {
  const scope = join(folder, 'node_modules', '@ragnos');
  await mkdir(scope, { recursive: true });
  for (const name of await readdir(join(root, 'packages'))) {
    if (name === 'testkit') continue;
    const from = join(root, 'packages', name);
    await cp(join(from, 'package.json'), join(scope, name, 'package.json'));
    await cp(join(from, 'dist'), join(scope, name, 'dist'), { recursive: true, filter: isRun });
  }
  for (const patch of patches) {
    const file = join(scope, patch.package, 'dist', patch.file);
    const source = await readFile(file, 'utf8');
    const count = source.split(patch.find).length - 1;
    if (count !== 1)
      throw new Error(`${patch.package}/${patch.file}: ${patch.find} stands ${count} times, not once`);
    await writeFile(
      file,
      source.replace(patch.find, () => patch.replace),
    );
  }
  return join(scope, 'cli', 'dist', 'main.js');
}

function isRun(path: string): boolean {
  return !/\.(?:ts|tsbuildinfo)$/.test(path);
}
