import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { ConfineOptions } from './api.ts';
import { firstLineOf } from './first-line.ts';
import { gate, shell } from './gate.ts';
import { reportFd, sandboxRoot as root, type Launch } from './launch.ts';
import { limitsOf } from './limits.ts';
import { holders, mainOf, pythonArgs, setupFor } from './launch-plain.ts';
import { always, nodeFlags } from './node-flags.ts';
import { ourFile, preloadFile, type OurFile } from './preload-files.ts';
import { findBubblewrap, findProgram, findPython, librariesOf } from './programs.ts';

/** Where things are inside. */
const nodePath = '/ragv/node';

const relayBytes = 96 * 1024 * 1024;

const isolation =
  words(`--unshare-user --disable-userns --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try
  --die-with-parent --new-session --cap-drop ALL --uid 65534 --gid 65534 --hostname sandbox --clearenv`);
const last = words(`--remount-ro / --chdir ${root} --`);

/** Mode `sandbox` (and `compute`) on Linux: its own user, processes, network, IPC and host name, and a root of its own with nothing in it. */
export async function launchBubblewrap(options: ConfineOptions, folder: string): Promise<Launch> {
  const program = await findBubblewrap();
  const inner = await inside(options);
  const { grant } = options;
  const env = [...grant.env].flatMap(([name, value]) => ['--setenv', name, value]);
  const args = [
    ...isolation,
    '--info-fd',
    String(reportFd),
    ...env,
    ...(inner.forks ? limiter : []).flatMap(([from, to]) => ['--ro-bind', from, to]),
    ...inner.mounts.flatMap(([from, to]) => ['--ro-bind', from, to]),
    ...ownFolders(grant.limits.memoryBytes),
    ...grant.read.flatMap((place) => ['--ro-bind', place, place]),
    ...grant.write.flatMap((place) => ['--bind', place, place]),
    '--ro-bind',
    folder,
    root,
    ...last,
    ...(inner.forks ? taskLimit(limitsOf(options).tasks) : []),
    ...inner.command,
  ];
  const [first = program, ...rest] = [...holders(options), program, ...args];
  return {
    command: first,
    args: rest,
    env: {},
    cwd: '/',
    setup: inner.setup,
    waits: true,
    ownProcesses: true,
    reports: true,
    forks: inner.forks,
    overheadBytes: inner.setup?.command ? relayBytes : 0,
  };
}

type Mount = readonly [from: string, to: string];

const prlimit = findProgram('prlimit');
const limiter: readonly Mount[] = prlimit === null ? [] : [[prlimit, '/ragv/prlimit']];

/** Set inside, where the kernel counts the sandbox's own processes and not those of the host's user. */
function taskLimit(most: number): readonly string[] {
  return prlimit === null ? [] : ['/ragv/prlimit', `--nproc=${most}`, '--'];
}

interface Inside {
  readonly command: readonly string[];
  readonly mounts: readonly Mount[];
  readonly setup: Launch['setup'];
  /** Whether it could start processes; then all of the system's libraries are there. */
  readonly forks: boolean;
}

async function inside(options: ConfineOptions): Promise<Inside> {
  const args = options.args ?? [];
  const entry = path.posix.join(root, options.entry);
  const programs = options.grant.exec.map((file): Mount => [file, file]);
  const wide = options.grant.exec.length > 0 || options.grant.native;
  if (options.runtime === 'executable') {
    const mounts = [
      ...systemLibraries(),
      ...interpreterOf(path.join(options.folder, options.entry)),
      ...programs,
    ];
    return foreign(options, [entry, ...args], mounts);
  }
  if (options.runtime === 'python') {
    const python = await findPython(options.python);
    const own = [python.program, ...python.folders].map((place): Mount => [place, place]);
    const mounts = [...systemLibraries(), ...own, ...programs];
    return foreign(options, [python.program, ...pythonArgs(root, entry, args)], mounts);
  }
  const node = realpathSync(options.node ?? process.execPath);
  const libraries = wide
    ? systemLibraries()
    : (await librariesOf(node)).map((file): Mount => [realpathSync(file), file]);
  const preload = preloadFile();
  const runner = options.runner === undefined ? null : ourFile(options.runner);
  const at = { preload: '/ragv/preload', runner: '/ragv/runner' };
  const setup = setupFor(options, {
    root,
    entry,
    runner: runner === null ? null : path.posix.join(at.runner, path.basename(runner.file)),
    ours: runner === null ? [at.preload] : [at.preload, at.runner],
    osLayer: true,
  });
  const flags = options.without?.includes('permissions')
    ? always(options.grant)
    : nodeFlags(options.grant, { root, ours: ['/ragv'], temp: '/tmp' });
  return {
    command: [
      nodePath,
      ...flags,
      ...mainOf(path.posix.join(at.preload, path.basename(preload.file)), setup, args),
    ],
    mounts: [
      ...libraries,
      [node, nodePath],
      ...mountsOf(preload, at.preload),
      ...(runner === null ? [] : [[runner.folder, at.runner] satisfies Mount]),
      ...programs,
    ],
    setup,
    forks: wide,
  };
}

/** A program that is no Node: as it is where it has no network, else behind our relay to the broker. */
function foreign(options: ConfineOptions, command: readonly string[], mounts: readonly Mount[]): Inside {
  if (options.grant.connect.length === 0)
    return {
      command: gate(command, '/ragv/sh'),
      mounts: [...mounts, [realpathSync(shell), '/ragv/sh']],
      setup: null,
      forks: true,
    };
  const node = realpathSync(options.node ?? process.execPath);
  const preload = preloadFile();
  const at = '/ragv/preload';
  const setup = setupFor(options, {
    root,
    entry: command[0] ?? '',
    runner: null,
    command,
    ours: [at],
    osLayer: true,
  });
  return {
    command: [nodePath, '--disable-sigusr1', path.posix.join(at, path.basename(preload.file))],
    mounts: [...mounts, [node, nodePath], ...mountsOf(preload, at)],
    setup: { ...setup, files: [] },
    forks: true,
  };
}

function mountsOf(one: OurFile, at: string): readonly Mount[] {
  return [
    [one.folder, at],
    [one.packageJson, path.posix.join(path.posix.dirname(at), 'package.json')],
  ];
}

/** For code whose needs nobody can list: the system's libraries, none of its programs, nothing of its settings but where libraries are. */
function systemLibraries(): readonly Mount[] {
  return [
    '/usr/lib',
    '/usr/lib32',
    '/usr/lib64',
    '/usr/libexec',
    '/lib',
    '/lib64',
    '/etc/ld.so.cache',
    '/etc/alternatives',
  ]
    .concat(['/etc/ssl/certs', '/etc/pki/tls/certs', '/usr/share/ca-certificates', '/nix/store'])
    .filter((place) => existsSync(place))
    .map((place): Mount => [realpathSync(place), place]);
}

/** What is written there is memory that belongs to no process, so it has an end of its own. */
function ownFolders(memoryBytes: number): readonly string[] {
  const quarter = Math.ceil(memoryBytes / 4);
  return words(
    `--proc /proc --dev /dev --perms 1777 --size ${memoryBytes} --tmpfs /tmp --perms 1777 --size ${quarter} --tmpfs /dev/shm --remount-ro /dev`,
  );
}

/** A script is a program of the system's as well: the one that its first line names, and nothing that it may call. */
function interpreterOf(file: string): readonly Mount[] {
  const program = /^#![ \t]*(\/\S+)/.exec(firstLineOf(file) ?? '')?.[1];
  return program === undefined || !existsSync(program) ? [] : [[realpathSync(program), program]];
}

function words(text: string): readonly string[] {
  return text.split(/\s+/);
}
