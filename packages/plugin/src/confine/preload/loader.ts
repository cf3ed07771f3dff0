import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardBuiltIn, isBuiltInGranted } from './built-ins.ts';
import { denied, refuse, replace } from './denied.ts';
import type { Setup } from './setup.ts';

const sha256 = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex');

/**
 * From here on code comes from the signed files, byte for byte: what is handed to the loader is what was hashed, not what
 * the disk holds a moment later. The tree's own files are checked in every mode; the rest of the rules hold where it is confined.
 */
export function installLoader(setup: Setup): void {
  const digests = new Map(setup.files);
  const served = new Set<string>();
  const below = setup.root + path.sep;
  const inRoot = (file: string): boolean => file.startsWith(below);
  const digestOf = (file: string): string | undefined =>
    inRoot(file) ? digests.get(file.slice(below.length).replaceAll(path.sep, '/')) : undefined;
  const isOurs = (url: string | undefined): boolean =>
    url !== undefined &&
    url.startsWith('file:') &&
    setup.ours.some((folder) => fileURLToPath(url).startsWith(folder + path.sep));

  function check(url: string, parent: string | undefined): void {
    if (url.startsWith('node:')) {
      const name = url.slice(5);
      if (!isBuiltInGranted(name, setup)) throw denied('code', url);
      guardBuiltIn(name, setup);
      return;
    }
    const file = url.startsWith('file:') ? fileURLToPath(url) : null;
    if (file !== null && digestOf(file) !== undefined) return;
    if (isOurs(url) && (parent === undefined || isOurs(parent))) return;
    const foreign = file === null || !inRoot(file);
    if (foreign && (!setup.confined || setup.eval)) return;
    throw denied('code', foreign ? url.slice(0, 200) : `${url}: not a signed file`);
  }

  function verified(url: string, source: unknown): void {
    const file = url.startsWith('file:') ? fileURLToPath(url) : null;
    const digest = file === null ? undefined : digestOf(file);
    if (digest === undefined) return;
    const bytes = typeof source === 'string' || source instanceof Uint8Array ? source : null;
    if (bytes === null || sha256(bytes) !== digest) throw denied('code', `${url}: not what was signed`);
    served.add(typeof bytes === 'string' ? digest : sha256(Buffer.from(bytes).toString('utf8')));
  }

  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      check(resolved.url, context.parentURL);
      return resolved;
    },
    load(url, context, next) {
      if (url.startsWith('node:')) return next(url, context);
      check(url, undefined);
      const loaded = next(url, context);
      if (loaded.format === 'addon') return loaded; // process.dlopen looks at it
      const source = loaded.source ?? readFileSync(fileURLToPath(url));
      verified(url, ArrayBuffer.isView(source) ? bytesOf(source) : source);
      return { ...loaded, source };
    },
  });

  const dlopen = process.dlopen.bind(process);
  replace(process, 'dlopen', (module: object, file: string, ...rest: number[]) => {
    const digest = digestOf(path.resolve(file));
    if (digest !== undefined && sha256(readFileSync(file)) !== digest)
      throw denied('code', `${file}: not what was signed`);
    if (setup.confined && (digest === undefined || !setup.native)) throw denied('native', file);
    Reflect.apply(dlopen, process, [module, file, ...rest]);
  });
  if (!setup.confined) return;

  replace(nodeModule, 'register', refuse('code', 'module.register'));
  replace(nodeModule, 'registerHooks', refuse('code', 'module.registerHooks'));
  const getBuiltIn = process.getBuiltinModule.bind(process);
  replace(process, 'getBuiltinModule', (id: string) => {
    const name = id.replace(/^node:/, '');
    if (!isBuiltInGranted(name, setup)) return void denied('code', `node:${name}`);
    guardBuiltIn(name, setup);
    return getBuiltIn(name) ?? getBuiltIn(`node:${name}`);
  });
  if (setup.eval) return;
  // `module._compile` is eval by another name; Node's own loader goes through it with what `load` served.
  const prototype: object = nodeModule.prototype;
  const compile: unknown = Reflect.get(prototype, '_compile');
  if (typeof compile !== 'function') return;
  replace(
    prototype,
    '_compile',
    function compileServed(this: unknown, source: unknown, ...rest: unknown[]): unknown {
      const text = String(source); // once: an object could say something else the second time
      if (!served.has(sha256(text))) throw denied('eval', 'module._compile');
      const result: unknown = Reflect.apply(compile, this, [text, ...rest]);
      return result;
    },
  );
}

function bytesOf(view: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
