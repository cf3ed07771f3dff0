import { denied, refuseAll, replace } from './denied.ts';
import { builtIn, objectOf } from './objects.ts';
import { call, dictionary, get, isArray, make, named, type Dictionary } from './primordials.ts';
import type { Setup } from './setup.ts';

/** What `spawnSync` and `execFileSync` know, but for `shell`. */
const options = `cwd env argv0 stdio input uid gid timeout killSignal maxBuffer encoding windowsHide
  windowsVerbatimArguments`.split(/\s+/);
/** What Node's inside is told of a process to start. */
const inside = 'file args cwd envPairs stdio detached uid gid windowsHide windowsVerbatimArguments'.split(
  ' ',
);

/**
 * Node knows only "any program" or none. Each argument is read once, and what Node gets is a copy of what was looked at.
 * What a granted program does is its own affair outside the operating system's layer.
 */
export function guardPrograms(setup: Setup): void {
  const childProcess = builtIn('child_process');
  const programs = programsOf(setup.exec);
  const granted = (file: unknown): string => {
    const program = typeof file === 'string' ? programs[file] : undefined;
    if (program === undefined) throw denied('exec', named(file));
    return program;
  };
  guardSync(childProcess, 'spawnSync', granted);
  guardSync(childProcess, 'execFileSync', granted);
  refuseAll(childProcess, ['exec', 'execSync', 'fork', '_forkChild'], 'exec', 'child_process.');
  // All that does not wait goes through here, also for whoever makes such a handle himself.
  if (setup.exec.length === 0) return; // there is no program at all for Node
  const handle = objectOf(get(make(get(childProcess, 'ChildProcess'), []), '_handle'));
  const prototype = objectOf(get(objectOf(get(handle, 'constructor')), 'prototype'));
  const spawn: unknown = get(prototype, 'spawn');
  if (typeof spawn !== 'function') return;
  replace(prototype, 'spawn', function spawnGranted(this: unknown, ...args: unknown[]): unknown {
    const first = args[0];
    if (typeof first !== 'object') {
      args[0] = granted(first);
      return call(spawn, this, args);
    }
    const plain = copyOf(first, inside); // one object with everything, up to some Node 24
    plain['file'] = granted(plain['file']);
    return call(spawn, this, [plain]);
  });
}

function guardSync(childProcess: object, name: string, granted: (file: unknown) => string): void {
  const original: unknown = get(childProcess, name);
  if (typeof original !== 'function') return;
  replace(childProcess, name, (file: unknown, first: unknown, second: unknown): unknown => {
    const program = granted(file);
    const given = second ?? (isArray(first) ? undefined : first);
    const plain = copyOf(given, options);
    if (get(objectOf(given), 'shell')) throw denied('exec', `a shell for ${program}`);
    plain['shell'] = false; // its own, so that nothing is inherited
    return call(original, childProcess, [program, isArray(first) ? first : [], plain]);
  });
}

function copyOf(given: unknown, names: readonly string[]): Dictionary<unknown> {
  const copy = dictionary<unknown>();
  const from = objectOf(given);
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    const value: unknown = get(from, name);
    if (value !== undefined) copy[name] = value;
  }
  return copy;
}

/** By their paths and by their names; the first of a name has it. */
function programsOf(paths: readonly string[]): Dictionary<string> {
  const programs = dictionary<string>();
  for (let at = 0; at < paths.length; at++) {
    const path = paths[at] ?? '';
    let name = '';
    for (let end = path.length - 1; end >= 0 && path[end] !== '/' && path[end] !== '\\'; end--)
      name = `${path[end]}${name}`;
    programs[path] = path;
    programs[name] ??= path;
  }
  return programs;
}
