/** Brings the peers: npm's from fuzz/package-lock.json, Python's into a virtual environment where Python is there. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mention, say } from './say.ts';

const fuzz = fileURLToPath(new URL('..', import.meta.url));

/** A peer that is not here fails where `RAGV_REQUIRE_PEERS=1` (CI), and is else reported as skipped, by name. */
export function skip(peer: string, why: string): void {
  if (process.env['RAGV_REQUIRE_PEERS'] === '1') throw new Error(`${peer} is required: ${why}`);
  say(`skipped ${peer}: ${why}`);
}

/** tuf-js and @tufjs/canonical-json; false where npm cannot bring them. */
export function setUpNpmPeers(): boolean {
  if (existsSync(join(fuzz, 'node_modules', 'tuf-js'))) return true;
  mention('setting up tuf-js …');
  try {
    const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
    execFileSync('npm', options, { cwd: fuzz, stdio: 'inherit' });
    return true;
  } catch {
    skip('tuf-js', 'npm ci failed');
    return false;
  }
}

/** The interpreter that has python-tuf and securesystemslib, or null. After npm, which would remove it. */
export function setUpPython(): string | null {
  const venv = join(fuzz, 'node_modules', '.venv');
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'ready'))) return python;
  mention('setting up python-tuf …');
  try {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    execFileSync(python, [...install, '-r', join(fuzz, 'requirements.txt')], { stdio: 'inherit' });
    writeFileSync(join(venv, 'ready'), '');
    return python;
  } catch {
    skip('python-tuf and securesystemslib', 'no Python 3, or pip failed');
    return null;
  }
}
