import path from 'node:path';
import type { ConfineOptions } from './api.ts';
import { gate, shell } from './gate.ts';
import type { Launch } from './launch.ts';
import { limitsOf } from './limits.ts';
import { always, nodeFlags } from './node-flags.ts';
import { ourFile, preloadFile } from './preload-files.ts';
import type { Setup } from './preload/setup.ts';
import { findProgram, findPython } from './programs.ts';

/** Modes `process` and `trusted`: a process of the host's user, in the host's file system. */
export async function launchPlain(options: ConfineOptions, folder: string): Promise<Launch> {
  const { command, setup } = await inside(options, folder);
  const gated = setup === null && process.platform === 'linux';
  const [first = shell, ...rest] = [...holders(options), ...(gated ? gate(command) : command)];
  return {
    command: first,
    args: rest,
    env: Object.fromEntries(options.grant.env),
    cwd: folder,
    setup,
    waits: gated || setup !== null,
    ownProcesses: false,
    reports: false,
    forks: false,
    overheadBytes: 0,
  };
}

async function inside(
  options: ConfineOptions,
  folder: string,
): Promise<{ readonly command: readonly string[]; readonly setup: Launch['setup'] }> {
  const entry = path.join(folder, options.entry);
  const args = options.args ?? [];
  if (options.runtime === 'executable') return { command: [entry, ...args], setup: null };
  if (options.runtime === 'python') {
    const { program } = await findPython(options.python);
    return { command: [program, ...pythonArgs(folder, entry, args)], setup: null };
  }
  const node = options.node ?? process.execPath;
  const preload = preloadFile();
  const runner = options.runner === undefined ? null : ourFile(options.runner);
  const ours = runner === null ? [preload] : [preload, runner];
  const readable = ours.flatMap((one) => [one.folder, one.packageJson]);
  const flags =
    options.mode === 'trusted' || options.without?.includes('permissions')
      ? always(options.grant)
      : nodeFlags(options.grant, { root: folder, ours: readable, temp: null });
  const setup = setupFor(options, {
    root: folder,
    entry,
    runner: runner?.file ?? null,
    ours: ours.map((one) => one.folder),
    osLayer: false,
  });
  return { command: [node, ...flags, ...mainOf(preload.file, setup, args)], setup };
}

/**
 * The preload goes before the plugin's entry. With a runner it is the main module as well, which loads it once; by the flag
 * it comes into threads too.
 */
export function mainOf(preload: string, setup: Setup, args: readonly string[]): readonly string[] {
  return ['--import', preload, setup.runner === null ? setup.entry : preload, ...args];
}

/** Isolated from variables, user and site packages; its own tree is on the path, and no bytecode is written or believed. */
export function pythonArgs(folder: string, entry: string, args: readonly string[]): readonly string[] {
  const start =
    'import sys,runpy;sys.path.insert(0,sys.argv[1]);sys.argv=sys.argv[2:];runpy.run_path(sys.argv[0],run_name="__main__")';
  return ['-I', '-S', '-B', '-u', '-c', start, folder, entry, ...args];
}

export function setupFor(
  options: ConfineOptions,
  places: Pick<Setup, 'root' | 'entry' | 'runner' | 'ours' | 'osLayer'> & Partial<Pick<Setup, 'command'>>,
): Setup {
  const { grant, mode } = options;
  const limits = limitsOf(options);
  return {
    command: null,
    ...places,
    files: [...options.files],
    confined: mode !== 'trusted' && options.without?.includes('guards') !== true,
    compute: mode === 'compute',
    connect: grant.connect.length > 0,
    exec: grant.exec,
    native: grant.native,
    worker: grant.worker,
    eval: grant.eval,
    messageBytes: limits.messageBytes,
    unreadBytes: limits.unreadBytes,
  };
}

/** What the kernel is asked to see to, even when the host is gone: the process dies with it, its memory has an end, no core is written. */
export function holders({ grant, mode }: ConfineOptions): readonly string[] {
  if (process.platform !== 'linux') return [];
  const setpriv = mode === 'sandbox' || mode === 'compute' ? null : findProgram('setpriv');
  const prlimit = findProgram('prlimit');
  // A stop for what grows faster than anybody looks. V8 reserves half a gigabyte for code in every thread, of which it uses little.
  const threads = grant.worker || mode === 'trusted';
  const data = threads ? [] : [`--data=${grant.limits.memoryBytes + 1024 * 1024 * 1024}`];
  return [
    ...(setpriv === null
      ? []
      : [setpriv, '--pdeathsig', 'KILL', ...(mode === 'trusted' ? [] : ['--no-new-privs']), '--']),
    ...(prlimit === null ? [] : [prlimit, ...data, '--core=0', '--']),
  ];
}
