// What must never be in a tracked file. The patterns are spelled so that they do not find themselves.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { check, type Outcome, root, run } from './step.ts';

const forbidden: Readonly<Record<string, RegExp>> = {
  'no registry hosts':
    /registry[.](?:npmjs[.]org|yarnpkg[.]com)|npm[.]pkg[.]github[.]com|(?:^|[^\w.])pypi[.]org|pythonhosted[.]org|proxy[.]golang[.]org|(?:index|static)[.]crates[.]io/im,
  'no paths of a machine':
    /(?:^|[\s"'`(=:])[/](?:work|root|Users(?![/]a[/])|home[/](?!ada[/])\w+)[/](?=[\w.])/m,
  'no private keys':
    /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\s|\\r|\\n)*[\w+/=]{40}|"kty"[^{}]*"d"\s*:\s*"[\w-]{20}/,
};

type Entry = {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
};
type Lockfile = {
  readonly packages: Readonly<Record<string, Entry>>;
};

/** No host, so that every mirror serves it; a digest, which says what is meant; and nothing that runs when installed. */
function lockfileFaults(text: string): string[] {
  return Object.entries((JSON.parse(text) as Lockfile).packages).flatMap(([key, entry]) => {
    if (entry.link === true || !key.includes('node_modules/')) return [];
    const faults = {
      '"resolved" (see .npmrc)': entry.resolved !== undefined,
      'no integrity': entry.integrity === undefined,
      'an install script': entry.hasInstallScript === true,
    };
    return Object.entries(faults).flatMap(([fault, found]) => (found ? [`${key}: ${fault}`] : []));
  });
}

export async function hygiene(): Promise<readonly Outcome[]> {
  const listed = await run('git', ['ls-files', '-z']);
  if (!listed.ok) {
    const skip = async () => ({ skip: 'this is not a git work tree, so there are no tracked files' });
    return [await check('tracked files', skip)];
  }
  const names = listed.stdout.split('\0').filter((name) => name !== '' && existsSync(path.join(root, name)));
  const texts = new Map<string, string>();
  for (const name of names) {
    const bytes = await readFile(path.join(root, name));
    if (!bytes.subarray(0, 8192).includes(0)) texts.set(name, bytes.toString('utf8'));
  }
  const fail = (faults: readonly string[]) => {
    if (faults.length > 0) throw new Error(faults.join('\n'));
  };
  return Promise.all([
    check('lockfiles', async () => {
      for (const [name, text] of texts)
        if (path.basename(name) === 'package-lock.json')
          fail(lockfileFaults(text).map((fault) => `${name}: ${fault}`));
    }),
    // A process that outlives a failed test keeps what it shares open, and Vitest would wait for it for ever.
    check('no test shares its streams', async () => {
      const tests = [...texts].filter(([name]) =>
        /(?:^|[/])(?:test|interop|guide)[/]|[.]test[.]ts$/.test(name),
      );
      fail(tests.flatMap(([name, text]) => (/stdio:[^;]*?'inherit'/.test(text) ? [name] : [])));
    }),
    ...Object.entries(forbidden).map(([title, pattern]) =>
      check(title, async () => {
        const found = [...texts].map(([name, text]) => [name, pattern.exec(text)] as const);
        fail(
          found.flatMap(([name, match]) =>
            match === null
              ? []
              : [`${name}:${match.input.slice(0, match.index).split('\n').length}: ${match[0].trim()}`],
          ),
        );
      }),
    ),
  ]);
}
