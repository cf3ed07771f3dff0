/**
 * `node scripts/stage.ts <folder>`: lays the built packages out as they are published, below `folder/node_modules`. The
 * modules of each are joined into its entry files and the parts that these load lazily; packages stay apart from each
 * other, types stay as the compiler wrote them (docs/adr/0006). Publish from there: `npm pack <folder>/node_modules/@ragnos/…`.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { builtInImports } from './built-in-imports.ts';
import { discover, loadedApart, type Package, writtenBins } from './check/package-list.ts';

/** By package name, the folder that holds it. */
export async function stagePackages(folder: string): Promise<ReadonlyMap<string, string>> {
  const staged = new Map<string, string>();
  for (const [name, one] of discover()) {
    const to = path.join(folder, 'node_modules', name);
    await rm(to, { recursive: true, force: true });
    await mkdir(to, { recursive: true });
    await stage(one, to);
    staged.set(name, to);
  }
  return staged;
}

async function stage({ folder, manifest }: Package, to: string): Promise<void> {
  await cp(path.join(folder, 'package.json'), path.join(to, 'package.json'));
  const dist = path.join(folder, 'dist');
  const kept = (file: string): boolean => !file.endsWith('.js') && !path.basename(file).startsWith('.');
  await cp(dist, path.join(to, 'dist'), { recursive: true, filter: kept });
  const bundle = await rolldown({
    input: ['./dist/index.js', ...writtenBins(manifest, folder)],
    cwd: folder,
    // Whatever is no file of this package stays an import.
    external: (id: string) => !id.startsWith('.') && !path.isAbsolute(id),
    platform: 'node',
    treeshake: { moduleSideEffects: true }, // else its helpers stay, which load node:module
    logLevel: 'silent',
  });
  await bundle.write({
    dir: path.join(to, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js', // beside the entries: package.json is found from there
    minify: false,
    plugins: [builtInImports()],
  });
  await bundle.close();
  for (const file of loadedApart(manifest)) await joinApart(folder, file, to);
}

/**
 * What a package exports beside itself runs in a process of its own, which reads no file but those beside it: joined by itself.
 * What it loads lazily stays apart: asking for Node's modules comes first in each file, and its preload has something to do before.
 */
async function joinApart(folder: string, file: string, to: string): Promise<void> {
  const bundle = await rolldown({
    input: file,
    cwd: folder,
    external: (id: string) => id.startsWith('node:'),
    platform: 'node',
    treeshake: { moduleSideEffects: true },
    logLevel: 'silent',
  });
  await bundle.write({
    dir: path.dirname(path.join(to, file)),
    format: 'esm',
    entryFileNames: path.basename(file),
    chunkFileNames: '[name]-[hash].js',
    minify: false,
    plugins: [builtInImports()],
  });
  await bundle.close();
}

const [folder] = process.argv.slice(2);
if (import.meta.main && folder !== undefined) await stagePackages(path.resolve(folder));
