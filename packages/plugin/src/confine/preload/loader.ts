import { guardBuiltIn, guardCompileCache, isBuiltInGranted } from './built-ins.ts';
import { denied, refuse, replace } from './denied.ts';
import {
  call,
  decodeUrl,
  dictionary,
  get,
  getBuiltIn,
  getOwnPropertyDescriptor,
  isUtf8,
  ModuleClass,
  modulePrototype,
  named,
  nodeProcess,
  ownBytes,
  readFileSync,
  registerHooks,
  sha256,
  slice,
  startsWith,
  syncBuiltinESMExports,
  textOf,
} from './primordials.ts';
import type { Setup } from './setup.ts';

const windows = process.platform === 'win32';

/**
 * From here on code comes from the signed files, byte for byte: what is handed to the loader is what was hashed, not what
 * the disk holds a moment later. The tree's own files are checked in every mode; the rest of the rules hold where it is confined.
 * Returns what ends the loading of our own modules: after it no code but the plugin's is let in.
 */
export function installLoader(setup: Setup): () => void {
  const digests = dictionary<string>();
  for (let at = 0; at < setup.files.length; at++) {
    const file = setup.files[at];
    if (file !== undefined) digests[file[0]] = file[1];
  }
  const served = dictionary<string>();
  const below = `${slashed(setup.root)}/`;
  const digestOf = (place: string): string | undefined =>
    startsWith(place, below) ? digests[slice(place, below.length)] : undefined;
  let oursOpen = true;
  const isOurs = (place: string | null): boolean => {
    if (!oursOpen || place === null) return false;
    for (let at = 0; at < setup.ours.length; at++)
      if (startsWith(place, `${slashed(setup.ours[at] ?? '')}/`)) return true;
    return false;
  };
  const main = slashed(nodeProcess.argv[1] ?? ''); // with a runner, our preload once more

  function check(url: string, parent: string | null | undefined): void {
    if (startsWith(url, 'node:')) {
      const name = slice(url, 5);
      if (!isBuiltInGranted(name, setup)) throw denied('code', url);
      guardBuiltIn(name, setup);
      return;
    }
    const place = placeOf(url);
    if (place !== null && digestOf(place) !== undefined) return;
    if (isOurs(place) || (parent === undefined && setup.runner !== null && place === main)) return;
    const foreign = place === null || !startsWith(place, below);
    if (foreign && (!setup.confined || setup.eval)) return;
    throw denied('code', foreign ? slice(url, 0, 200) : `${url}: not a signed file`);
  }

  function verified(url: string, place: string, digest: string, given: unknown): string | Uint8Array {
    const source = typeof given === 'string' ? given : ownBytes(given ?? readFileSync(place));
    if (sha256(source) !== digest) throw denied('code', `${url}: not what was signed`);
    // What CommonJS compiles is text; of what is UTF-8 without a mark, the same one.
    const same = typeof source === 'string' || (isUtf8(source) && source[0] !== 0xef);
    if (setup.confined && !setup.eval) served[place] = same ? digest : sha256(textOf(source));
    return source;
  }

  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      check(resolved.url, context.parentURL);
      return resolved;
    },
    load(url, context, next) {
      const loaded = next(url, context);
      if (startsWith(url, 'node:')) {
        if (loaded.format !== 'builtin') throw denied('code', url);
        return loaded;
      }
      check(url, null);
      if (loaded.format === 'addon') return loaded; // process.dlopen looks at it
      const place = placeOf(url);
      const digest = place === null ? undefined : digestOf(place);
      if (place !== null && digest !== undefined)
        return { ...loaded, source: verified(url, place, digest, loaded.source) };
      return place === null || loaded.source ? loaded : { ...loaded, source: readFileSync(place) };
    },
  });

  const dlopen: unknown = get(nodeProcess, 'dlopen');
  replace(nodeProcess, 'dlopen', (module: unknown, file: unknown, flags?: unknown) => {
    const place = typeof file === 'string' ? slashed(file) : '';
    const digest = digestOf(place);
    if (setup.confined && (digest === undefined || !setup.native)) throw denied('native', named(file));
    if (digest !== undefined && sha256(readFileSync(place)) !== digest)
      throw denied('code', `${named(file)}: not what was signed`);
    call(dlopen, nodeProcess, flags === undefined ? [module, file] : [module, file, flags]);
  });
  if (!setup.confined) return () => undefined;

  replace(ModuleClass, 'register', refuse('code', 'module.register'));
  replace(ModuleClass, 'registerHooks', refuse('code', 'module.registerHooks'));
  replace(nodeProcess, 'getBuiltinModule', (id: unknown): unknown => {
    if (typeof id !== 'string') return getBuiltIn('fs/'); // there is none
    const name = startsWith(id, 'node:') ? slice(id, 5) : id;
    if (!isBuiltInGranted(name, setup)) return void denied('code', `node:${name}`);
    guardBuiltIn(name, setup);
    return getBuiltIn(name) ?? getBuiltIn(`node:${name}`);
  });
  if (!setup.eval) guardCompile(served);
  syncBuiltinESMExports(); // who imports them by their names gets these as well
  return () => {
    oursOpen = false;
  };
}

/**
 * `module._compile` is eval by another name; Node's own loader goes through it with what `load` served. What Node puts
 * around a module is code as well.
 */
function guardCompile(served: Readonly<Record<string, string | undefined>>): void {
  guardCompileCache(ModuleClass);
  const compile: unknown = get(modulePrototype, '_compile');
  const wrap: unknown = get(ModuleClass, 'wrap');
  const wrapper: unknown = get(ModuleClass, 'wrapper');
  const head = partOf(wrapper, '0');
  const tail = partOf(wrapper, '1');
  replace(
    modulePrototype,
    '_compile',
    function compileServed(this: unknown, source: unknown, file: unknown, format: unknown): unknown {
      const place = typeof file === 'string' ? slashed(file) : '';
      if (typeof source !== 'string' || served[place] !== sha256(source))
        throw denied('eval', 'module._compile');
      const same = get(ModuleClass, 'wrap') === wrap && get(ModuleClass, 'wrapper') === wrapper;
      if (!same || partOf(wrapper, '0') !== head || partOf(wrapper, '1') !== tail)
        throw denied('eval', 'module.wrapper');
      return call(compile, this, [source, file, format]);
    },
  );
}

function partOf(wrapper: unknown, name: string): unknown {
  return typeof wrapper === 'object' && wrapper !== null
    ? getOwnPropertyDescriptor(wrapper, name)?.value
    : undefined;
}

/** The path that a file's URL names, with `/`; by ourselves, since Node asks members of URLs that can be exchanged. */
function placeOf(url: string): string | null {
  if (!startsWith(url, 'file:///')) return null;
  let end = 8;
  while (end < url.length && url[end] !== '?' && url[end] !== '#') end++;
  return decodeUrl(slice(url, windows ? 8 : 7, end));
}

/** The same of a path as Node has it. */
function slashed(file: string): string {
  if (!windows) return file;
  const from = startsWith(file, '\\\\?\\') ? 4 : 0;
  let made = '';
  for (let at = from; at < file.length; at++) made += file[at] === '\\' ? '/' : `${file[at]}`;
  return made;
}
