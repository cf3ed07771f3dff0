/** Brings the peers: npm's from bench/package-lock.json, python-tuf into a virtual environment where Python is there. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('..', import.meta.url));

/** Installs what is missing; quick when nothing is. Throws when npm fails: our figures mean nothing alone. */
export function setUpNpmPeers(): void {
  if (existsSync(join(bench, 'node_modules', 'tuf-js'))) return;
  console.error('setting up the npm peers (tuf-js, pacote, node-tar) …');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: bench,
    stdio: 'inherit',
  });
}

/** The interpreter that has python-tuf, or null where there is no Python (the table then says so). */
export function setUpPython(requirements: string): string | null {
  const venv = join(bench, '.venv', requirements);
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'ready'))) return python;
  try {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' });
    console.error(`setting up ${requirements} …`);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', join(bench, requirements)], {
      stdio: 'inherit',
    });
    execFileSync('touch', [join(venv, 'ready')]);
    return python;
  } catch {
    return null;
  }
}

/** What the figures are compared with. */
export function peerVersions(): Readonly<Record<string, string>> {
  const lock: unknown = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'));
  const list = typeof lock === 'object' && lock !== null && 'dependencies' in lock ? lock.dependencies : {};
  const [tuf = ''] = /^tuf==.*$/m.exec(readFileSync(join(bench, 'requirements.txt'), 'utf8')) ?? [];
  return {
    ...Object.fromEntries(Object.entries(list ?? {}).map(([name, version]) => [name, String(version)])),
    ...(tuf === '' ? {} : { 'python-tuf': tuf.slice('tuf=='.length) }),
  };
}
