import { builtinModules } from 'node:module';
import {
  decoded,
  exportedTarget,
  importedTarget,
  readPackageData,
  type Asks,
  type PackageData,
} from './package-targets.ts';

const builtins: ReadonlySet<string> = new Set(builtinModules);
const fileEndings = ['', '.js', '.json', '.node'];
const indexFiles = ['index.js', 'index.json', 'index.node'];

/**
 * Node's own resolution (its documentation: "Resolution and loading algorithm specification" and "All together"), inside one
 * tree of files and nowhere else: a closed plugin finds nothing outside of itself. Compared with Node in the tests.
 */
export class ModuleTree {
  readonly #files: ReadonlySet<string>;
  readonly #folders = new Set<string>(['']);
  readonly #sorted: readonly string[];
  /** By folder, `` or with a slash at its end. */
  readonly #packages = new Map<string, PackageData | null>();

  constructor(paths: Iterable<string>) {
    this.#sorted = [...paths].toSorted((a, b) => (a < b ? -1 : 1));
    this.#files = new Set(this.#sorted);
    for (const path of this.#sorted)
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
        const folder = path.slice(0, end);
        if (this.#folders.has(folder)) break;
        this.#folders.add(folder);
      }
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  addPackage(path: string, bytes: Uint8Array): void {
    this.#packages.set(path.slice(0, -'package.json'.length), readPackageData(bytes));
  }

  /** The nearest package.json decides, as for Node. */
  isModule(path: string): boolean {
    return this.#scopeOf(path)?.data?.isModule === true;
  }

  /** Null: not of this tree. A built-in module is none either. */
  resolve(specifier: string, from: string, asks: Asks): string | null {
    const folder = from.slice(0, from.lastIndexOf('/') + 1);
    if (/^\.\.?(?:\/|$)/.test(specifier)) {
      if (asks === 'require') return this.#required(folder, specifier);
      const path = joined(folder, decoded(specifier.replace(/[?#].*$/s, '')));
      return path !== null && this.has(path) ? path : null;
    }
    if (specifier.startsWith('#')) return this.#imported(specifier, from, asks);
    return this.#bare(specifier, from, asks);
  }

  /**
   * Whether `specifier` names a package of which nothing is in this tree, or a file beside `from` that is not there. False for
   * modules of Node, addresses, and what a package keeps to itself: only what is surely missing.
   */
  lacks(specifier: string, from: string, asks: Asks): boolean {
    if (/^\.\.?(?:\/|$)/.test(specifier)) return this.resolve(specifier, from, asks) === null;
    if (/^(?:[#/\\]|[A-Za-z][A-Za-z0-9+.-]*:)/.test(specifier) || builtins.has(specifier)) return false;
    const { name } = parted(specifier);
    if (name === null || this.#scopeOf(from)?.data?.name === name) return false;
    for (const above of this.#above(from))
      if (this.#folders.has(`${above}${name}`) || this.#asFile(`${above}${specifier}`) !== null) return false;
    return true;
  }

  /** What a path beside `from` names, as a file that is read or started: no ending is added. */
  file(path: string, from: string): string | null {
    const found = joined(from.slice(0, from.lastIndexOf('/') + 1), path);
    return found !== null && this.has(found) ? found : null;
  }

  /** What begins like `base`; nothing of packages further inside. */
  beginningWith(base: string): readonly string[] {
    let low = 0;
    for (let high = this.#sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? '') < base) low = middle + 1;
      else high = middle;
    }
    const paths: string[] = [];
    for (let path = this.#sorted[low]; path?.startsWith(base) === true; path = this.#sorted[++low])
      if (!path.includes('node_modules/', base.length)) paths.push(path);
    return paths;
  }

  /** How the paths begin that a constant beginning of a specifier may come to name; null: none of this tree does. */
  beginningOf(beginning: string, from: string): string | null {
    const prefix = /(?:^|\/)\.\.?$/.test(beginning) ? `${beginning}/` : beginning;
    const cut = prefix.lastIndexOf('/') + 1;
    const [start, rest] = [prefix.slice(0, cut), prefix.slice(cut)];
    if (/^\.\.?\//.test(prefix)) {
      const folder = joined(from.slice(0, from.lastIndexOf('/') + 1), start);
      return folder === null ? null : `${folder}${folder === '' ? '' : '/'}${rest}`;
    }
    const { name } = parted(prefix);
    if (name === null || !prefix.startsWith(`${name}/`)) return null;
    for (const folder of this.#above(from))
      if (this.#folders.has(`${folder}${name}`)) return `${folder}${prefix}`;
    return null;
  }

  #required(folder: string, specifier: string): string | null {
    const path = joined(folder, specifier);
    if (path === null) return null;
    const isFolder = /(?:^|\/)\.{0,2}$/.test(specifier);
    return (isFolder ? null : this.#asFile(path)) ?? this.#asFolder(path);
  }

  #asFile(path: string): string | null {
    return fileEndings.map((ending) => `${path}${ending}`).find((name) => this.has(name)) ?? null;
  }

  #asFolder(path: string): string | null {
    if (!this.#folders.has(path)) return null;
    const folder = path === '' ? '' : `${path}/`;
    return this.#mainOf(folder, this.#packages.get(folder)?.main ?? null);
  }

  #mainOf(folder: string, main: string | null): string | null {
    const path = main === null || main === '' ? null : joined(folder, main);
    const stated = path === null ? null : (this.#asFile(path) ?? this.#indexOf(path));
    return stated ?? this.#indexOf(folder.replace(/\/$/, ''));
  }

  #indexOf(path: string): string | null {
    const folder = path === '' ? '' : `${path}/`;
    return indexFiles.map((name) => `${folder}${name}`).find((name) => this.has(name)) ?? null;
  }

  #imported(specifier: string, from: string, asks: Asks): string | null {
    const scope = this.#scopeOf(from);
    const target = scope === null ? null : importedTarget(scope.data?.imports, specifier, asks);
    if (scope === null || target === null || target.startsWith('#')) return null;
    if (target.startsWith('./')) return this.#target(scope.folder, target);
    return this.#bare(target, `${scope.folder}package.json`, asks);
  }

  #bare(specifier: string, from: string, asks: Asks): string | null {
    if (specifier.startsWith('node:') || builtins.has(specifier)) return null;
    const { name, subpath } = parted(specifier);
    if (name === null) return null;
    const scope = this.#scopeOf(from);
    if (scope?.data?.name === name && isThere(scope.data.exports))
      return this.#exported(scope.folder, scope.data.exports, subpath, asks);
    for (const above of this.#above(from)) {
      const folder = `${above}${name}/`;
      const data = this.#packages.get(folder) ?? null;
      const found = this.#folders.has(`${above}${name}`)
        ? isThere(data?.exports)
          ? { path: this.#exported(folder, data?.exports, subpath, asks) }
          : this.#unexported(folder, data, subpath, asks)
        : asks === 'require'
          ? this.#loose(`${above}${specifier}`)
          : null;
      if (found !== null) return found.path;
    }
    return null;
  }

  /** A file that lies in node_modules itself. */
  #loose(path: string): { readonly path: string } | null {
    const found = path.endsWith('/') ? null : this.#asFile(path);
    return found === null ? null : { path: found };
  }

  /** Without `exports` a package hands out every file. `require` looks further up for what is not there. */
  #unexported(
    folder: string,
    data: PackageData | null,
    subpath: string,
    asks: Asks,
  ): { readonly path: string | null } | null {
    if (asks === 'require') {
      const path = this.#required(folder, subpath);
      return path === null ? null : { path };
    }
    if (subpath === '.') return { path: this.#mainOf(folder, data?.main ?? null) };
    const path = joined(folder, decoded(subpath.replace(/[?#].*$/s, '')));
    return { path: path !== null && this.has(path) ? path : null };
  }

  #exported(folder: string, exports: unknown, subpath: string, asks: Asks): string | null {
    const key = asks === 'import' ? subpath.replace(/[?#].*$/s, '') : subpath;
    const target = exportedTarget(exports, key, asks);
    return target === null ? null : this.#target(folder, target);
  }

  #target(folder: string, target: string): string | null {
    const path = joined(folder, decoded(target));
    return path !== null && this.has(path) ? path : null;
  }

  /** Every `node_modules/` that is looked into, from the inside out. */
  *#above(from: string): Generator<string> {
    for (let end = from.lastIndexOf('/') + 1; ; end = from.lastIndexOf('/', end - 2) + 1) {
      const folder = from.slice(0, end);
      if (!/(?:^|\/)node_modules\/$/.test(folder) && this.#folders.has(`${folder}node_modules`))
        yield `${folder}node_modules/`;
      if (end === 0) return;
    }
  }

  #scopeOf(path: string): { readonly folder: string; readonly data: PackageData | null } | null {
    for (let end = path.lastIndexOf('/') + 1; ; end = path.lastIndexOf('/', end - 2) + 1) {
      const folder = path.slice(0, end);
      const data = this.#packages.get(folder);
      if (data !== undefined) return { folder, data };
      if (end === 0 || folder.endsWith('node_modules/')) return null;
    }
  }
}

function isThere(exports: unknown): boolean {
  return exports !== undefined && exports !== null;
}

/** Null where it leaves the tree. */
function joined(folder: string, path: string): string | null {
  const names = folder.split('/').filter((name) => name !== '');
  for (const name of path.split('/'))
    if (name === '..') {
      if (names.pop() === undefined) return null;
    } else if (name !== '.' && name !== '') names.push(name);
  return names.join('/');
}

/** `@scope/name/x` → `@scope/name` and `./x`. */
function parted(specifier: string): { readonly name: string | null; readonly subpath: string } {
  const match = /^(?:@[^/\\%]+\/)?[^/\\%@.][^/\\%]*/.exec(specifier);
  const name = match?.[0] ?? null;
  return { name, subpath: `.${name === null ? '' : specifier.slice(name.length)}` };
}
