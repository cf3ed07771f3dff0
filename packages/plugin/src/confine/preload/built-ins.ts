import { denied, refuseAll, replace } from './denied.ts';
import { guardDgram, guardDns, guardHttp, guardNet, guardTls } from './network.ts';
import { builtIn } from './objects.ts';
import {
  call,
  dictionary,
  get,
  nodeProcess,
  setOf,
  slice,
  syncBuiltinESMExports,
  type Dictionary,
} from './primordials.ts';
import { guardPrograms } from './program-guards.ts';
import type { Setup } from './setup.ts';
import { guardWorkers } from './worker-guards.ts';

/** What a computation needs, and nothing that reaches out of the process. */
const pure = setOf(
  `assert assert/strict async_hooks buffer console constants crypto diagnostics_channel events module path path/posix path/win32
   perf_hooks punycode querystring stream stream/consumers stream/promises stream/web string_decoder timers timers/promises url
   util util/types zlib`.split(/\s+/),
);

/** Ways around the loader or the permissions that no plugin of a host needs. */
const refused = setOf(
  'inspector inspector/promises repl trace_events wasi sea test test/reporters cluster vfs'.split(' '),
);

/** `http` for `_http_agent`, and so on: they share their members. */
function familyOf(name: string): string {
  if (name[0] !== '_') return name;
  let end = 1;
  while (end < name.length && name[end] !== '_') end++;
  return slice(name, 1, end);
}

export function isBuiltInGranted(name: string, setup: Setup): boolean {
  if (!setup.confined) return true;
  const family = familyOf(name);
  if (setup.compute) return pure[family] === true;
  if (family === 'sqlite') return setup.osLayer; // it opens files past Node's permissions
  if (family === 'ffi') return setup.native;
  return refused[family] !== true;
}

type Guard = (setup: Setup) => void;

const guards: Readonly<Dictionary<readonly Guard[]>> = Object.assign(dictionary<readonly Guard[]>(), {
  net: [guardNet],
  tls: [guardTls],
  http: [guardHttp],
  https: [guardTls, guardHttp],
  http2: [guardTls],
  dgram: [guardDgram],
  dns: [guardDns],
  'dns/promises': [guardDns],
  vm: [guardVm],
  v8: [guardV8],
  os: [guardOs],
  worker_threads: [guardWorkers],
  child_process: [guardPrograms],
});

const done: Dictionary<true> = dictionary();

/** Before a plugin gets hold of a module, its dangerous members are exchanged; once per process, or again if that failed. */
export function guardBuiltIn(name: string, setup: Setup): void {
  const family = familyOf(name);
  const needed = guards[family];
  if (!setup.confined || needed === undefined || done[family] === true) return;
  for (let at = 0; at < needed.length; at++) needed[at]?.(setup);
  syncBuiltinESMExports();
  done[family] = true; // last: a plugin may see to it that the stack ends in the middle
}

function guardVm(setup: Setup): void {
  if (setup.eval) return;
  const makers = [
    'Script',
    'SourceTextModule',
    'SyntheticModule',
    'compileFunction',
    'createContext',
    'createScript',
  ];
  refuseAll(builtIn('vm'), makers, 'eval', 'vm.');
  refuseAll(builtIn('vm'), ['runInContext', 'runInNewContext', 'runInThisContext'], 'eval', 'vm.');
}

function guardV8(): void {
  const names = ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'startupSnapshot'];
  refuseAll(builtIn('v8'), names, 'code', 'v8.');
}

/** Who runs the host, and where, is nobody's business; inside the operating system's layer there is nothing to see. */
function guardOs(setup: Setup): void {
  const os = builtIn('os');
  const home = setup.osLayer ? '/tmp' : '/'; // there nobody is listed, and asking the system fails
  replace(os, 'userInfo', () => ({ username: 'plugin', uid: -1, gid: -1, shell: null, homedir: home }));
  replace(os, 'homedir', () => nodeProcess.env['HOME'] ?? home);
  if (setup.osLayer) return;
  replace(os, 'hostname', () => 'localhost');
  replace(os, 'networkInterfaces', () => ({}));
  const own = nodeProcess.pid;
  const setPriority: unknown = get(os, 'setPriority');
  if (typeof setPriority !== 'function') return;
  replace(os, 'setPriority', (first: unknown, second: unknown) => {
    const pid = second === undefined ? 0 : first;
    if (pid !== 0 && pid !== own) throw denied('other', 'os.setPriority of another process');
    call(setPriority, os, second === undefined ? [first] : [pid, second]);
  });
}

/** What is compiled is kept nowhere: a file of compiled code is code that nobody signed. */
export function guardCompileCache(nodeModule: object): void {
  replace(nodeModule, 'enableCompileCache', () => ({ status: 3, message: 'not in a confined process' }));
  replace(nodeModule, 'flushCompileCache', () => undefined);
}
