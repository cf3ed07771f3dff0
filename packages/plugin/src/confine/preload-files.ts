import { createRequire } from 'node:module';
import path from 'node:path';
import { realpathSync } from 'node:fs';

export interface OurFile {
  readonly file: string;
  readonly folder: string;
  /** Says that `.js` below is a module. */
  readonly packageJson: string;
}

let found: OurFile | undefined;

/** Where the preload lies: beside this file in the sources and in `dist`, and as a file of its own where modules are joined. */
export function preloadFile(): OurFile {
  found ??= ourFile(createRequire(import.meta.url).resolve('@ragnos/plugin/preload'));
  return found;
}

export function ourFile(file: string): OurFile {
  const real = realpathSync(file);
  const folder = path.dirname(real);
  return { file: real, folder, packageJson: nearestPackage(folder) };
}

function nearestPackage(folder: string): string {
  const require = createRequire(path.join(folder, 'x.js'));
  for (let at = folder; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'package.json');
    try {
      return require.resolve(candidate);
    } catch {
      if (at === path.dirname(at)) throw new Error(`no package.json above ${folder}`);
    }
  }
}
