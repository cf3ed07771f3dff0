/** The tables behind the command line are whole, and what is made from them is current (STYLE.md, 14). */
import { PublishError, publishErrors } from '@ragnos/repository';
import { SigningError, signingErrors } from '@ragnos/signing';
import { StorageError, storageErrors } from '@ragnos/storage';
import { ExpiredMetadataError, UnsignedMetadataError } from '@ragnos/tuf';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commonOptionsLast } from '../src/arguments.ts';
import { commands, commonOptions } from '../src/commands.ts';
import { completionScript } from '../src/completion.ts';
import { environment, isSet } from '../src/env.ts';
import { exitCodes, exitOf, exitOfError } from '../src/exit-codes.ts';
import { manual } from '../src/manual.ts';
import { packagesFolder, tempFolder, write } from './ragv.ts';

const sources = globSync('*/src/**/*.ts', { cwd: packagesFolder })
  // Nor what is run in place of a plugin: its probes and its own refusals never come to a person.
  .filter((path) => !path.startsWith('testkit') && !/confine.(?:preload|probes)/.test(path))
  .map((path) => ({ path, text: readFileSync(join(packagesFolder, path), 'utf8') }));
const allText = sources.map(({ text }) => text).join('\n');

function found(pattern: RegExp, text: string): Set<string> {
  return new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''));
}

describe('exit codes', () => {
  // What Node calls ERR_… goes to plugins alone.
  const thrown = new Set([
    ...found(/\bcode(?:: [\w' |]+)? = '((?!ERR_)[A-Z][A-Z0-9_]+)'/g, allText),
    ...found(/\bnew \w+Error\(\s*'([A-Z][A-Z0-9_]+)'/g, allText),
    ...[storageErrors, signingErrors, publishErrors].flatMap((table) => Object.keys(table)),
  ]);

  test('every code that any package throws has one', () => {
    expect(thrown.size).toBeGreaterThan(80);
    expect([...thrown].filter((code) => !(code in exitOfError))).toEqual([]);
  });

  test('no code is listed that no package knows', () => {
    const others = sources.filter(({ path }) => !path.endsWith('exit-codes.ts')).map(({ text }) => text);
    const known = found(/(?:'|^\s+)([A-Z][A-Z0-9_]+)\b/gm, others.join('\n'));
    expect(Object.keys(exitOfError).filter((code) => !known.has(code))).toEqual([]);
  });

  test('are those of DESIGN.md', () => {
    expect(Object.values(exitCodes).map(([code]) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]);
  });

  test('what was thrown decides', () => {
    expect(exitOf(new UnsignedMetadataError('x'))).toBe(3);
    expect(exitOf(new ExpiredMetadataError('x'))).toBe(4);
    expect(exitOf(new SigningError('BAD_PASSWORD', 'x'))).toBe(7);
    expect(exitOf(new StorageError('STORAGE_UNAVAILABLE', 'x'))).toBe(6);
    expect(exitOf(new PublishError('SIGNATURES_MISSING', 'x'))).toBe(8);
  });

  test('what nobody foresaw is 1', () => {
    expect(exitOf(new Error('?'))).toBe(1);
    expect(exitOf('?')).toBe(1);
    expect(exitOf(Object.assign(new Error('?'), { code: 'toString' }))).toBe(1);
  });
});

describe('environment', () => {
  test('every RAGV_ variable in the sources is in the table', () => {
    const used = found(/\b(RAGV_(?:[A-Z]+_)*[A-Z]+)\b/g, allText);
    used.delete('RAGV_JSON'); // an error code
    const unknown = [...used].filter(
      (name) => !Object.keys(environment).some((key) => isSet(key, { [name]: '' })),
    );
    expect(unknown).toEqual([]);
  });
});

describe('commands', () => {
  test.for(commands.map((spec) => [spec.words.join(' '), spec] as const))('%s', ([, spec]) => {
    const flags = [...spec.options, ...commonOptions(spec)].map(([flag]) => flag.split(' ')[0]);
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags).toContain('--json');
    expect(flags.includes('--dry-run')).toBe(spec.writes);
    expect(spec.examples.length).toBeGreaterThan(0);
    for (const example of spec.examples) expect(example).toContain(`ragv ${spec.words.join(' ')}`);
    expect(flags.filter((flag) => /password(?!-file|-stdin)/.test(flag ?? ''))).toEqual([]);
  });

  test('each can be loaded, and has a file of its own', async () => {
    const modules = await Promise.all(commands.map((spec) => spec.load()));
    expect(new Set(modules.map(({ run }) => run)).size).toBe(commands.length);
  });

  test('docs/reference/cli.md is current; if not: ragv manual > docs/reference/cli.md', () => {
    expect(readFileSync(join(packagesFolder, '..', 'docs', 'reference', 'cli.md'), 'utf8')).toBe(manual());
  });

  test('only print.ts writes to stdout and stderr', () => {
    const printing = sources
      .filter(
        ({ path, text }) =>
          path.startsWith('cli') && /console\.|process\.std(?:out|err)\.write|writeSync/.test(text),
      )
      .map(({ path }) => path);
    expect(printing).toEqual([join('cli', 'src', 'print.ts')]);
  });
});

test.for([
  [
    ['--json', 'list'],
    ['list', '--json'],
  ],
  [
    ['--home', 'x', 'trust', 'list'],
    ['trust', 'list', '--home', 'x'],
  ],
  [
    ['--home=x', 'run', 'a/b', '--json'],
    ['run', '--home=x', 'a/b', '--json'],
  ],
  [
    ['--vendr', 'list'],
    ['--vendr', 'list'],
  ],
  [['--help'], ['--help']],
  [[], []],
] as const)('%j means %j', ([given, meant]) => {
  expect(commonOptionsLast(given)).toEqual(meant);
});

describe('completion', () => {
  test.for(['bash', 'zsh', 'fish'] as const)('%s knows every command', (shell) => {
    const script = completionScript(shell) ?? '';
    for (const { words } of commands) for (const word of words) expect(script).toContain(word);
  });

  test.for([
    [['ke'], 'key'],
    [['key', ''], 'list rotate revoke passwd generate show'],
    [['key', 'rotate', 'timestamp', '--key-'], '--key-type'],
    [['publish', 'a', 'b', '--bu'], '--bundle'],
    [['nonsense', ''], ''],
  ] as const)('in bash: %j', ([words, offered]) => {
    const script = write(join(tempFolder(), 'ragv.bash'), completionScript('bash') ?? '');
    const line = `set -u; source "$0"; COMP_WORDS=(ragv "$@"); COMP_CWORD=$#; _ragv; echo "\${COMPREPLY[*]-}"`;
    expect(execFileSync('bash', ['-c', line, script, ...words], { encoding: 'utf8' })).toBe(`${offered}\n`);
  });
});
