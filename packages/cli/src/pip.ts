import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import type { PluginManifest } from '@ragnos/plugin';
import { CliError } from './errors.ts';

/**
 * Installs one file and nothing else: no dependency, no index, no settings of the user or the project. A wheel is unpacked by
 * pip; nothing in it is built or run.
 *
 * @throws CliError `PIP_FAILED`
 */
export async function pip(
  python: string,
  wheel: string,
  target: string | null,
  signal: AbortSignal,
): Promise<void> {
  const where = target === null ? [] : ['--target', target, '--upgrade'];
  const flags = ['--no-deps', '--no-index', '--no-cache-dir', '--no-input', '--disable-pip-version-check'];
  await started(
    python,
    ['-m', 'pip', '--isolated', 'install', ...flags, '--force-reinstall', ...where, wheel],
    signal,
  );
}

/** The folder in which this Python has a package. @throws CliError `PIP_FAILED` */
export async function siteOf(python: string, name: string, signal: AbortSignal): Promise<string> {
  const code = 'import sys, importlib.metadata as m; print(m.distribution(sys.argv[1]).locate_file(""))';
  return (await started(python, ['-c', code, name], signal)).trim();
}

/** Files of the signed manifest that are not in `site` as signed; pip writes RECORD anew and moves what is in `.data`. */
export async function changedFiles(site: string, manifest: PluginManifest): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { path, size, sha256 } of manifest.files) {
    if (/^[^/]+\.data\/|^[^/]+\.dist-info\/RECORD(?:\.\w+)?$/.test(path)) continue;
    const file = join(site, path);
    const info = await stat(file).catch(() => null);
    const same =
      info?.isFile() === true &&
      info.size === size &&
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex') === sha256;
    if (!same) changed.push(path);
  }
  return changed;
}

/** Isolated (-I): no folder of the user or the caller is on Python's path, and PYTHON variables are not looked at. */
function started(python: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((done, fail) => {
    const env = { ...process.env, PIP_CONFIG_FILE: devNull };
    execFile(python, ['-I', ...args], { env, signal, maxBuffer: 10_000_000 }, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const line =
        stderr
          .trim()
          .split('\n')
          .findLast((text) => text.startsWith('ERROR')) ??
        error.message.split('\n')[0] ??
        '';
      fail(
        new CliError('PIP_FAILED', `${python}: ${line.slice(0, 300)}`, {
          cause: error,
          hint: 'choose a Python that has pip and fits the wheel: --python <program>',
        }),
      );
    });
  });
}
