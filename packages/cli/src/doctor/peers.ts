import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, parseJson } from '@ragnos/tuf';
import type { Trial, TriedClient } from './clients.ts';
import { pythonProgram, tufJsProgram } from './peer-programs.ts';

const timeout = 60_000;

interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** `null`: `python3 -c 'import tuf'` fails: it is not installed. */
export async function tryPython(trial: Trial, python = 'python3'): Promise<TriedClient | null> {
  return inFolder(trial, async (root, folder) => {
    // A folder of its own to stand in: a file called tuf.py where the operator stands is not the library.
    if (!(await run(python, ['-c', 'import tuf.ngclient'], folder, trial.signal)).ok) return null;
    const args = ['-c', pythonProgram, root, ...places(trial), join(folder, 'client'), ...trial.samples];
    return outcome('client-python-tuf', await run(python, args, folder, trial.signal));
  });
}

/** `null`: `tuf-js` does not resolve from the working folder. */
export async function tryTufJs(trial: Trial, from = process.cwd()): Promise<TriedClient | null> {
  const module = join(from, 'package.json');
  try {
    createRequire(module).resolve('tuf-js');
  } catch {
    return null;
  }
  return inFolder(trial, async (root, folder) => {
    const args = ['--input-type=module', '-e', tufJsProgram, '--', module];
    const more = [root, ...places(trial), join(folder, 'client'), ...trial.samples];
    return outcome('client-tuf-js', await run(process.execPath, [...args, ...more], folder, trial.signal));
  });
}

function places({ url }: Trial): readonly string[] {
  return [new URL('metadata/', url).href, new URL('targets/', url).href];
}

async function inFolder<T>({ root }: Trial, use: (root: string, folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ragv-doctor-'));
  try {
    const file = join(folder, 'root.json');
    await writeFile(file, root);
    return await use(file, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { cwd, signal, timeout, maxBuffer: 1_000_000 }, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ ok: error === null, stdout, stderr });
    });
  });
}

/** The last line is the answer; a peer that says none has crashed, or hung for a minute. */
function outcome(name: TriedClient['name'], { stdout, stderr }: Ran): TriedClient {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const said = parseJson(Buffer.from(last), name);
    if (isJsonObject(said)) {
      const { version, error } = said;
      return {
        name,
        version: typeof version === 'string' ? version : null,
        failure: typeof error === 'string' ? error : null,
      };
    }
  } catch {
    // told below
  }
  const why = stderr.trim().split('\n').at(-1) ?? '';
  return { name, version: null, failure: why === '' ? 'it ended without an answer' : why.slice(0, 300) };
}
