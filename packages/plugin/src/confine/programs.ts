import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import { ConfineRefusedError } from './errors.ts';

const run = promisify(execFile);

/** Folders that only the system's administrator writes. PATH is not asked: it may be somebody else's. */
const folders = ['/usr/bin', '/bin', '/usr/local/bin', '/run/current-system/sw/bin'];

export function findProgram(name: string): string | null {
  return folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file)) ?? null;
}

const bwrapHint =
  'install bubblewrap (apt install bubblewrap, dnf install bubblewrap), or choose another mode';

let bubblewrap: Promise<string> | undefined;

/** The path of a bubblewrap that works here: tried once. @throws ConfineRefusedError `SANDBOX_UNAVAILABLE` */
export async function findBubblewrap(): Promise<string> {
  bubblewrap ??= tryBubblewrap();
  return bubblewrap;
}

async function tryBubblewrap(): Promise<string> {
  const program = findProgram('bwrap');
  if (program === null)
    throw new ConfineRefusedError('SANDBOX_UNAVAILABLE', 'bubblewrap is not installed', { hint: bwrapHint });
  const args = ['--unshare-all', '--unshare-user', '--disable-userns', '--new-session', '--cap-drop', 'ALL'];
  try {
    await run(program, [...args, '--ro-bind', '/', '/', '--proc', '/proc', '--', program, '--version'], {
      timeout: 10_000,
      env: {},
    });
    return program;
  } catch (cause) {
    const stderr =
      typeof cause === 'object' && cause !== null && 'stderr' in cause ? String(cause.stderr) : '';
    throw new ConfineRefusedError(
      'SANDBOX_UNAVAILABLE',
      `bubblewrap does not work here: ${stderr.trim().slice(0, 300)}`,
      {
        cause,
        hint: 'it needs unprivileged user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces)',
      },
    );
  }
}

const linked = new Map<string, Promise<readonly string[]>>();

/** The shared libraries that a program asks for, the loader among them, as the loader finds them. Empty for a static one. */
export async function librariesOf(program: string): Promise<readonly string[]> {
  const known = linked.get(program);
  if (known !== undefined) return known;
  const found = listLibraries(program);
  linked.set(program, found);
  return found;
}

async function listLibraries(program: string): Promise<readonly string[]> {
  const ldd = findProgram('ldd');
  if (ldd === null)
    throw new ConfineRefusedError('SANDBOX_UNAVAILABLE', 'no ldd tells which libraries Node needs');
  try {
    const { stdout } = await run(ldd, [program], { timeout: 10_000, env: {} });
    return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap(([, file]) => file ?? []);
  } catch {
    return []; // "not a dynamic executable"
  }
}

export interface Python {
  readonly program: string;
  /** Folders it takes its own code from. */
  readonly folders: readonly string[];
}

const pythons = new Map<string, Promise<Python>>();

/** @throws ConfineRefusedError `MODE_UNSUITABLE` there is no Python */
export async function findPython(wanted: string | undefined): Promise<Python> {
  const named = wanted ?? findProgram('python3');
  if (named === null)
    throw new ConfineRefusedError('MODE_UNSUITABLE', 'there is no python3 in the folders of the system', {
      hint: 'install python3, or name one',
    });
  const known = pythons.get(named);
  if (known !== undefined) return known;
  const found = lookAtPython(named);
  pythons.set(named, found);
  return found;
}

async function lookAtPython(named: string): Promise<Python> {
  const ask =
    'import sys,sysconfig;print(sys.executable);print(sys.base_prefix);print(sysconfig.get_path("stdlib"))';
  const { stdout } = await run(named, ['-I', '-S', '-c', ask], { timeout: 10_000, env: {} });
  const [executable = named, prefix = '/usr', stdlib = ''] = stdout.trim().split('\n');
  const folders = ['/usr', '/usr/local'].includes(prefix) ? [stdlib] : [prefix];
  return { program: realpathSync(executable), folders: folders.map((folder) => realpathSync(folder)) };
}
