import nodeModule from 'node:module';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { denied, refuse, replace } from './denied.ts';
import { guardDgram, guardDns, guardHttp, guardNet, guardTls } from './network.ts';
import { builtIn, objectOf } from './objects.ts';
import type { Setup } from './setup.ts';

/** What a computation needs, and nothing that reaches out of the process. */
const pure: ReadonlySet<string> = new Set(
  `assert assert/strict async_hooks buffer console constants crypto diagnostics_channel events module path path/posix path/win32
   perf_hooks punycode querystring stream stream/consumers stream/promises stream/web string_decoder timers timers/promises url
   util util/types zlib`.split(/\s+/),
);

/** Ways around the loader or the permissions that no plugin of a host needs. */
const refused: ReadonlySet<string> = new Set(
  'inspector inspector/promises repl trace_events wasi sea test test/reporters cluster vfs'.split(' '),
);

export function isBuiltInGranted(name: string, setup: Setup): boolean {
  if (!setup.confined) return true;
  const base = name.startsWith('_') ? name.slice(1).replace(/_.*$/, '') : name; // _http_agent, _tls_wrap
  if (setup.compute) return pure.has(base);
  if (base === 'sqlite') return setup.osLayer; // it opens files past Node's permissions
  if (base === 'ffi') return setup.native;
  return !refused.has(base);
}

type Guard = (setup: Setup) => void;

const guarded = new Set<Guard>();

/** Before a plugin gets hold of a module, its dangerous members are exchanged; once per process. */
export function guardBuiltIn(name: string, setup: Setup): void {
  if (!setup.confined) return;
  const fresh = (guards.get(name.replace(/^_(\w+?)_.*$/, '$1')) ?? []).filter((guard) => !guarded.has(guard));
  for (const guard of fresh) {
    guarded.add(guard);
    guard(setup);
  }
  if (fresh.length > 0) nodeModule.syncBuiltinESMExports();
}

const guards: ReadonlyMap<string, readonly Guard[]> = new Map([
  ['net', [guardNet]],
  ['tls', [guardTls]],
  ['http', [guardHttp]],
  ['https', [guardTls, guardHttp]],
  ['http2', [guardTls]],
  ['dgram', [guardDgram]],
  ['dns', [guardDns]],
  ['dns/promises', [guardDns]],
  ['vm', [guardVm]],
  ['v8', [guardV8]],
  ['os', [guardOs]],
  ['worker_threads', [guardWorkers]],
  ['child_process', [guardPrograms]],
]);

function guardVm(setup: Setup): void {
  if (setup.eval) return;
  const vm = builtIn('vm');
  for (const name of [
    'Script',
    'SourceTextModule',
    'SyntheticModule',
    'compileFunction',
    'createContext',
    'createScript',
  ])
    replace(vm, name, refuse('eval', `vm.${name}`));
  for (const name of ['runInContext', 'runInNewContext', 'runInThisContext'])
    replace(vm, name, refuse('eval', `vm.${name}`));
}

function guardV8(): void {
  const v8 = builtIn('v8');
  for (const name of ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'startupSnapshot'])
    replace(v8, name, refuse('code', `v8.${name}`));
}

/** Who runs the host, and where, is nobody's business; inside the operating system's layer there is nothing to see. */
function guardOs(setup: Setup): void {
  const os = builtIn('os');
  const home = setup.osLayer ? '/tmp' : '/'; // there nobody is listed, and asking the system fails
  const nobody = { username: 'plugin', uid: -1, gid: -1, shell: null, homedir: home };
  replace(os, 'userInfo', () => ({ ...nobody }));
  replace(os, 'homedir', () => process.env['HOME'] ?? home);
  if (setup.osLayer) return;
  replace(os, 'hostname', () => 'localhost');
  replace(os, 'networkInterfaces', () => ({}));
  const own = process.pid;
  const setPriority: unknown = Reflect.get(os, 'setPriority');
  replace(os, 'setPriority', (...args: readonly unknown[]) => {
    const pid = args.length > 1 ? args[0] : 0;
    if (pid !== 0 && pid !== own) throw denied('other', 'os.setPriority of another process');
    if (typeof setPriority === 'function') Reflect.apply(setPriority, os, args);
  });
}

/** A thread with its own flags would be one without our preload. */
function guardWorkers(setup: Setup): void {
  const threads = builtIn('worker_threads');
  const Worker: unknown = Reflect.get(threads, 'Worker');
  if (typeof Worker !== 'function') return;
  const guard: ProxyHandler<object> = {
    construct(_, [file, options]: readonly unknown[], target): object {
      const given = typeof options === 'object' && options !== null ? { ...options } : {};
      if (!setup.worker) throw denied('worker', String(file).slice(0, 100));
      if (Reflect.get(given, 'eval') === true && !setup.eval) throw denied('eval', 'a worker from text');
      Reflect.deleteProperty(given, 'execArgv');
      const made: unknown = Reflect.construct(Worker, [file, given], target);
      if (typeof made !== 'object' || made === null) throw denied('worker', 'no worker');
      return made;
    },
  };
  replace(threads, 'Worker', new Proxy(Worker, guard));
}

/** Node knows only "any program" or none. What a granted program does is its own affair outside the operating system's layer. */
function guardPrograms(setup: Setup): void {
  const childProcess = builtIn('child_process');
  const allowed = (file: unknown): boolean => {
    const text = String(file);
    if (!path.isAbsolute(text)) return setup.exec.some((program) => path.basename(program) === text);
    try {
      return setup.exec.includes(realpathSync(text));
    } catch {
      return setup.exec.includes(path.normalize(text));
    }
  };
  const absolute = (file: unknown): string => {
    const text = String(file);
    return path.isAbsolute(text)
      ? text
      : (setup.exec.find((program) => path.basename(program) === text) ?? text);
  };
  for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync']) {
    const original: unknown = Reflect.get(childProcess, name);
    if (typeof original !== 'function') continue;
    replace(childProcess, name, (file: unknown, ...rest: readonly unknown[]): unknown => {
      const shell = rest.some(
        (arg) => typeof arg === 'object' && arg !== null && 'shell' in arg && Boolean(arg.shell),
      );
      if (shell || !allowed(file)) throw denied('exec', shell ? `a shell for ${String(file)}` : String(file));
      const result: unknown = Reflect.apply(original, childProcess, [absolute(file), ...rest]);
      return result;
    });
  }
  for (const name of ['exec', 'execSync', 'fork', '_forkChild'])
    replace(childProcess, name, refuse('exec', `child_process.${name}`));
  const prototype = objectOf(Reflect.get(objectOf(Reflect.get(childProcess, 'ChildProcess')), 'prototype'));
  const spawn: unknown = Reflect.get(prototype, 'spawn');
  if (typeof spawn === 'function')
    replace(prototype, 'spawn', function spawnGranted(this: unknown, options: unknown): unknown {
      const file: unknown =
        typeof options === 'object' && options !== null ? Reflect.get(options, 'file') : '';
      if (!allowed(file)) throw denied('exec', String(file));
      const result: unknown = Reflect.apply(spawn, this, [options]);
      return result;
    });
}
