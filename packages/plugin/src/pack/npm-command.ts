import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PackError, type PackCode } from '../errors.ts';

/** What to start. On Windows npm is a batch file, which Node rightly refuses to start without a shell. */
export function npmCommand(): { readonly file: string; readonly first: readonly string[] } {
  if (process.platform !== 'win32') return { file: 'npm', first: [] };
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), dirname(process.execPath)];
  const cli = folders
    .map((folder) => join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'))
    .find((file) => existsSync(file));
  if (cli === undefined) throw new PackError('NPM_MISSING', 'npm was not found');
  return { file: process.execPath, first: [cli] };
}

const meanings: ReadonlyMap<string, readonly [code: PackCode, hint: string]> = new Map([
  ['E404', ['NO_SUCH_PACKAGE', 'check the name and the version']],
  ['ETARGET', ['NO_SUCH_PACKAGE', 'check the version']],
  ['ENOVERSIONS', ['NO_SUCH_PACKAGE', 'check the name']],
  ['EALLOWGIT', ['DEPENDENCY_SOURCE', 'depend on a published version of it']],
  ['EALLOWREMOTE', ['DEPENDENCY_SOURCE', 'depend on a published version of it']],
  [
    'EINTEGRITY',
    ['INTEGRITY_MISMATCH', 'the bytes are not those that were locked: do not go on before you know why'],
  ],
  [
    'ERESOLVE',
    [
      'LOCKFILE_MISMATCH',
      'the ranges contradict each other: solve it with npm in the package, and commit the lockfile',
    ],
  ],
  ['EBADPLATFORM', ['BAD_TARGET_SYSTEM', 'name the system that it is for with --target']],
]);

/** npm's own words, shortened, with our code where its code says whose fault it is. */
export function npmFailure(args: readonly string[], stderr: string, cause: Error): PackError {
  const lines = stderr
    .split('\n')
    .map((line) =>
      line
        .replace(/^npm (?:error|ERR!) ?/i, '')
        .replace(/\p{Cc}+/gu, ' ')
        .trim(),
    )
    .filter((line) => line !== '' && !line.startsWith('A complete log'));
  const npmCode = /^code (\w+)/.exec(lines.find((line) => line.startsWith('code ')) ?? '')?.[1] ?? '';
  const said = lines
    .filter((line) => !line.startsWith('code '))
    .slice(0, 3)
    .join('; ')
    .slice(0, 600);
  const git = stderr.includes('ragv-runs-no-git');
  const [code, hint] = meanings.get(git ? 'EALLOWGIT' : npmCode) ?? [
    'NPM_FAILED',
    'check the network and the registry that `npm config get registry` shows',
  ];
  return new PackError(code, `npm ${args[0] ?? ''}: ${said === '' ? cause.message.slice(0, 300) : said}`, {
    cause,
    hint,
  });
}

/** What npm printed for `--json`. @throws PackError `NPM_FAILED` */
export function npmAnswer(text: string, command: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PackError('NPM_FAILED', `npm ${command} answered with something that is not JSON`, { cause });
  }
}
