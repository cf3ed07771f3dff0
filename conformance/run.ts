// `npm run conformance -- <checkout> [pytest options]`: the official suite, as its checkout has it, against conformance/client.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const usage = `usage: npm run conformance -- <path to a checkout of theupdateframework/tuf-conformance> [pytest options]
needed beside it: Python 3.11 or later with venv, and faketime (apt install faketime, brew install libfaketime)`;

const root = resolve(import.meta.dirname, '..');

/** What the one who runs this can mend. */
class SetupError extends Error {}

function run(command: string, args: readonly string[]): Promise<number> {
  // without byte code and caches: nothing is written into the checkout
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    child.on('error', (error) => fail(new SetupError(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code) => done(code ?? 1));
  });
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const code = await run(command, args);
  if (code !== 0) throw new SetupError(`${command} ${args.join(' ')}: exit code ${code}`);
}

function checkout(given: string | undefined): string {
  if (given === undefined || given.startsWith('-'))
    throw new SetupError('no path to a checkout of the suite');
  const path = resolve(process.env['INIT_CWD'] ?? '.', given); // npm has changed to the top of the repository
  for (const part of ['pyproject.toml', join('tuf_conformance', 'conftest.py')])
    if (!existsSync(join(path, part)))
      throw new SetupError(`${path} is no checkout of the suite: ${part} is missing`);
  return realpathSync(path);
}

/** The suite's own requirements in a virtual environment of its own, made once for each version of them. */
async function environment(suite: string): Promise<string> {
  const requirements = readFileSync(join(suite, 'pyproject.toml'));
  const key = createHash('sha256').update(suite).update(requirements).digest('hex').slice(0, 12);
  const folder = join(root, 'node_modules', '.cache', 'tuf-conformance', key);
  const ready = join(folder, '.ready');
  if (existsSync(ready)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  await must(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await must(join(folder, 'bin', 'python'), [...pip, '--editable', suite]);
  writeFileSync(ready, '');
  return folder;
}

async function main([given, ...more]: readonly string[]): Promise<number> {
  const suite = checkout(given);
  if ((await run('faketime', ['1 hour ago', 'true'])) !== 0)
    throw new SetupError('faketime does not work here');
  const python = join(await environment(suite), 'bin', 'python');
  const tests = ['-m', 'pytest', '-p', 'no:cacheprovider', join(suite, 'tuf_conformance')];
  return run(python, [...tests, '--entrypoint', join(import.meta.dirname, 'client'), ...more]);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  console.error(usage);
  process.exitCode = 2;
}
