/** `ragv doctor` on a computer that runs plugins: what holds them here, and whether that is what its policy demands. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfineRefusedError, type Mode, type ProbeResult } from '@ragnos/plugin';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgeSandbox, modeWords } from '../src/doctor/sandbox.ts';
import { verdict } from '../src/doctor/verdict.ts';
import { json, listen, listWith, packagesFolder, world, write } from './ragv.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery' });
const { folder, ragv } = here;
/** Where there is none, what needs one counts as skipped. */
const hasSandbox = existsSync('/usr/bin/bwrap');
const long = { timeout: 300_000 };

const result = (mode: Mode, id: string, outcome: ProbeResult['outcome'], expected = true): ProbeResult => ({
  id,
  capability: 'fs.read',
  mode,
  outcome,
  expected,
  by: null,
  detail: '',
});
const sound = [result('sandbox', 'a', 'enforced'), result('process', 'a', 'enforced')];
const notTried = (id: string): ProbeResult => result('sandbox', id, 'unproven', false);
const absent = new Map<Mode, ConfineRefusedError>([
  [
    'sandbox',
    new ConfineRefusedError('SANDBOX_UNAVAILABLE', 'bubblewrap is not installed', { hint: 'apt install it' }),
  ],
]);
const none = new Map<Mode, ConfineRefusedError>();

describe('what is found', () => {
  const cases: Readonly<
    Record<
      string,
      readonly [
        results: readonly ProbeResult[],
        unavailable: ReadonlyMap<Mode, ConfineRefusedError>,
        demanded: Mode | null,
        said: readonly string[],
        exit: number,
      ]
    >
  > = {
    'all holds': [sound, none, null, [], 0],
    'all holds that is demanded': [sound, none, 'sandbox', [], 0],
    'no sandbox, and nobody demands one': [
      sound.slice(1),
      absent,
      null,
      ['info: mode sandbox is not to be had here: bubblewrap is not installed; apt install it'],
      0,
    ],
    'no sandbox, and the policy demands one': [
      sound.slice(1),
      absent,
      'sandbox',
      [
        'error: mode sandbox is not to be had here: bubblewrap is not installed, and p.json rules[0] demands it; apt install it',
      ],
      10,
    ],
    'no sandbox, and the policy is content with less': [sound.slice(1), absent, 'process', ['info'], 0],
    'what is known gets through': [
      [...sound, result('process', 'read-link', 'not enforced')],
      none,
      'process',
      ['info: mode process is not made to hold all: 1 attempt gets through: read-link'],
      0,
    ],
    'something gets through that should not': [
      [...sound, result('process', 'fork', 'not enforced', false)],
      none,
      'sandbox',
      ['info: mode process does not hold here: 1 attempt gets through: fork'],
      0,
    ],
    'something gets through that should not, where the policy counts on it': [
      [
        ...sound,
        result('sandbox', 'fork', 'not enforced', false),
        result('sandbox', 'b', 'not enforced', false),
      ],
      none,
      'sandbox',
      [
        'error: mode sandbox does not hold here: 2 attempts get through: fork, b, and p.json rules[0] demands it',
      ],
      10,
    ],
    'a mode that could not be tried': [
      [sound[1] ?? [], notTried('a'), notTried('b'), notTried('c'), notTried('d')].flat(),
      none,
      null,
      [
        'info: what mode sandbox holds here is not proven: 4 attempts could not be made: a, b, c and 1 more; ragv sandbox test --mode sandbox says why',
      ],
      0,
    ],
    'a mode that could not be tried, where the policy counts on it': [
      [...sound, notTried('c')],
      none,
      'sandbox',
      [
        'error: what mode sandbox holds here is not proven: 1 attempt could not be made: c, and p.json rules[0] demands it',
      ],
      10,
    ],
    'attempts that prove nothing here': [
      [...sound, result('sandbox', 'c', 'unproven')],
      none,
      'sandbox',
      [],
      0,
    ],
  };
  test.for(Object.entries(cases))('%s', ([, [results, unavailable, demanded, said, exit]]) => {
    const demands = new Map<Mode, readonly string[]>(
      demanded === null ? [] : [[demanded, ['p.json rules[0]']]],
    );
    const { findings } = judgeSandbox({ results, unavailable }, ['process', 'sandbox'], demands);
    const words = findings.map(({ severity, message, hint }) => `${severity}: ${message}; ${hint}`);
    expect(words).toHaveLength(said.length);
    for (const [index, line] of words.entries()) expect(line).toContain(said[index]);
    expect(verdict(findings, false)).toBe(exit);
    expect(verdict(findings, true)).toBe(exit); // what is to be known is no warning
  });

  test('each mode in a line', () => {
    const { modes } = judgeSandbox(
      { results: [...sound, result('process', 'read-link', 'not enforced')], unavailable: none },
      ['compute', 'process', 'sandbox'],
      new Map([['sandbox', ['x']]]),
    );
    expect(modes.map(modeWords)).toEqual([
      'holds: 0 attempts stopped',
      'holds, but for what is known: 1 attempt stopped, 1 not',
      'holds: 1 attempt stopped; policy demands it',
    ]);
    const dead = judgeSandbox({ results: [notTried('a')], unavailable: none }, ['sandbox'], new Map());
    expect(dead.modes.map(modeWords)).toEqual(['IS NOT PROVEN: 0 attempts stopped, 1 not made']);
  });
});

describe('on this computer', () => {
  const demanding = (): string =>
    write(
      join(folder, 'policy.json'),
      JSON.stringify({ format: 'ragnos-organisation-policy/1', rules: [{ for: '*', mode: 'sandbox' }] }),
    );

  beforeAll(async () => {
    const said = await ragv('init v --vendor acme');
    if (said.exit !== 0) throw new Error(said.stderr);
  }, 120_000);

  test('a vault where no plugins are run is looked at without it', long, async () => {
    const said = await ragv('doctor --vault v --no-peers --json');
    expect(said.exit).toBe(0);
    expect(json(said.stdout)).toMatchObject({ sandbox: [] });
  });

  test.runIf(hasSandbox)(
    'where they are, each mode is tried, and policy decides what is an error',
    long,
    async () => {
      const trust = 'trust init v/public --root v/1.root.json --single-signer';
      expect(await ragv(trust)).toMatchObject({ exit: 0 });
      const left = await ragv('doctor --vault v --no-peers --no-sandbox --json');
      expect(json(left.stdout)).toMatchObject({ sandbox: [] });
      const said = await ragv(`doctor --vault v --no-peers --policy ${demanding()}`);
      expect(said).toMatchObject({ exit: 0, stderr: '' });
      expect(said.stdout).toContain('info: mode process is not made to hold all: 2 attempts get through');
      expect(said.stdout).toMatch(
        /^mode process +holds, but for what is known: \d+ attempts stopped, 2 not$/m,
      );
      expect(said.stdout).toMatch(/^mode sandbox +holds: \d+ attempts stopped; policy demands it$/m);
      expect(said.stdout).not.toContain('[sandbox-demanded]');
    },
  );

  test.runIf(hasSandbox)(
    'inside a sandbox, where there is none to be had, a policy that demands one is an error: 10',
    long,
    async () => {
      const main = join(packagesFolder, 'cli', 'src', 'main.ts');
      const inside = [
        '--bind',
        '/',
        '/',
        '--dev',
        '/dev',
        '--proc',
        '/proc',
        '--unshare-user',
        '--disable-userns',
        '--',
      ];
      expect(await ragv('doctor --host https://plugins.example/')).toMatchObject({ exit: 2 });
      const args = [process.execPath, '--conditions=@ragnos/source', main, 'doctor', '--host', '--json'];
      const env = {
        PATH: process.env['PATH'],
        HOME: folder,
        RAGV_HOME: join(folder, 'home'),
        RAGV_POLICY: demanding(),
      };
      const child = spawn('bwrap', [...inside, ...args], { cwd: folder, env, stdio: 'pipe' });
      const said = await listen(child);
      expect(said).toMatchObject({ exit: 10, stderr: '' });
      expect(json(said.stdout)).toMatchObject({
        exit: 10,
        findings: listWith({ rule: 'sandbox-demanded', severity: 'error', fault: 'refused' }),
        sandbox: listWith({ mode: 'process', unavailable: null, unexpected: [] }),
      });
    },
  );
});
