/** `ragv sandbox test`: its table, its JSON, and what it says to scripts by its exit code. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfineRefusedError, type Mode, type ProbeResult, type SuiteReport } from '@ragnos/plugin';
import { describe, expect, onTestFinished, test } from 'vitest';
import { suiteExit, suiteJson, suiteLines } from '../src/sandbox-report.ts';
import { json, listen, packagesFolder, world, write } from './ragv.ts';

const { folder, ragv } = world();
const hasSandbox = existsSync('/usr/bin/bwrap');
const long = { timeout: 240_000 };

function result(mode: Mode, id: string, more: Partial<ProbeResult> = {}): ProbeResult {
  const usual = {
    capability: 'fs.read',
    outcome: 'enforced',
    expected: true,
    by: null,
    detail: 'no',
  } as const;
  return { ...usual, id, mode, ...more };
}
const reportOf = (...results: readonly ProbeResult[]): SuiteReport => ({
  node: 'v26',
  results,
  unavailable: new Map(),
});
const through = { outcome: 'not enforced', detail: 'why' } as const;
const dead = { outcome: 'unproven', expected: false, detail: 'the process ended' } as const;

describe('what is said', () => {
  const cases: Readonly<
    Record<string, readonly [report: SuiteReport, cell: string, below: readonly string[], exit: number]>
  > = {
    'all is stopped': [reportOf(result('sandbox', 'a', { by: 'system' })), 'enforced by system', [], 0],
    'nobody looked which layer holds': [reportOf(result('sandbox', 'a')), 'enforced', [], 0],
    'by more than one layer, the outermost first': [
      reportOf(result('sandbox', 'a', { by: 'guards' }), result('sandbox', 'b', { by: 'system' })),
      'enforced by system, guards',
      [],
      0,
    ],
    'what is known gets through': [
      reportOf(result('sandbox', 'a'), result('sandbox', 'b', through)),
      'not enforced (1 of 2 get through)',
      ['known: b gets through in sandbox: why'],
      0,
    ],
    'something gets through that should not': [
      reportOf(result('sandbox', 'a', { ...through, expected: false })),
      'not enforced (1 of 1 get through)',
      ['UNEXPECTED: a gets through in sandbox: why'],
      1,
    ],
    'what was known to get through is stopped': [
      reportOf(result('sandbox', 'a', { expected: false })),
      'enforced',
      [],
      1,
    ],
    'the process was dead': [
      reportOf(...['a', 'b', 'c', 'd', 'e'].map((id) => result('sandbox', id, dead))),
      'NOT PROVEN (5 of 5 not tried)',
      ['NOT PROVEN: a, b, c and 2 more in sandbox: the process ended'],
      1,
    ],
    'it died on the way': [
      reportOf(result('sandbox', 'a', { by: 'system' }), result('sandbox', 'b', dead)),
      'NOT PROVEN (1 of 2 not tried)',
      ['NOT PROVEN: b in sandbox: the process ended'],
      1,
    ],
    'an attempt fails here without confinement too': [
      reportOf(result('sandbox', 'a'), result('sandbox', 'b', { outcome: 'unproven' })),
      'enforced',
      ['proves nothing here, since it fails without confinement too: b'],
      0,
    ],
  };
  test.for(Object.entries(cases))('%s', ([, [report, cell, below, exit]]) => {
    const [title, , head, row, ...rest] = suiteLines(report);
    expect(title).toMatch(/^Node v26, \d attempts? in each mode$/);
    expect(head).toMatch(/^capability +sandbox$/);
    expect(row).toMatch(/^fs\.read +/);
    expect(row?.replace(/^fs\.read +/, '')).toBe(cell);
    expect(rest.slice(rest.indexOf('') + 1)).toEqual(below);
    expect(suiteExit(report)).toBe(exit);
    expect(suiteJson(report)).toMatchObject({ node: 'v26', ok: exit === 0, unavailable: {} });
  });

  test('a column for each mode that was tried, and a row for each capability', () => {
    const lines = suiteLines(
      reportOf(result('process', 'a', through), result('sandbox', 'a', { by: 'system' })),
    );
    expect(lines[2]).toMatch(/^capability +process +sandbox$/);
    expect(lines[3]).toMatch(/^fs\.read +not enforced \(1 of 1 get through\) +enforced by system$/);
    expect(lines.slice(3, lines.indexOf('', 3))).toHaveLength(12);
  });

  test('what is not to be had, in JSON', () => {
    const error = new ConfineRefusedError('SANDBOX_UNAVAILABLE', 'no bubblewrap', { hint: 'install it' });
    const report = { ...reportOf(), unavailable: new Map([['sandbox', error] as const]) };
    expect(suiteJson(report)).toMatchObject({
      unavailable: { sandbox: { code: 'SANDBOX_UNAVAILABLE', message: 'no bubblewrap', hint: 'install it' } },
    });
  });
});

describe('on this computer', () => {
  test('a mode that is sound: 0, and what is known gets through is said', long, async () => {
    const said = await ragv('sandbox test --mode process --fast');
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    expect(said.stdout).toMatch(
      /^Node v26, \d{3} attempts in each mode\n\ncapability +process\nfs\.read +not/,
    );
    expect(said.stdout).toMatch(/^eval +enforced$/m);
    expect(said.stdout).toContain('known: read-link gets through in process: ');
    expect(said.stdout).not.toMatch(/UNEXPECTED|NOT PROVEN|proves nothing/);
  });

  // A script is a Node that no sandbox can start: nothing else is in it.
  test.skipIf(!hasSandbox)('a sandbox that starts nothing holds nothing: 1', long, async () => {
    const node = write(join(folder, 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, 0o755);
    const said = await ragv(`sandbox test --mode sandbox --fast --json --node ${node}`);
    expect(said).toMatchObject({ exit: 1, stderr: '' });
    const { ok, results } = json(said.stdout) as { ok: boolean; results: readonly ProbeResult[] }; // prettier-ignore
    expect(ok).toBe(false);
    expect(results.length).toBeGreaterThan(100);
    expect(results.filter(({ outcome, expected }) => outcome !== 'unproven' || expected)).toEqual([]);
    expect(results[0]?.detail).toContain('it could not be started');
  });

  test.skipIf(!hasSandbox)('a mode that is asked for and not to be had: 10', long, async () => {
    const main = join(packagesFolder, 'cli', 'src', 'main.ts');
    // Inside a sandbox there is none.
    const inside = '--bind / / --dev /dev --proc /proc --unshare-user --disable-userns --'.split(' ');
    const args = [process.execPath, '--conditions=@ragnos/source', main, 'sandbox', 'test', '--fast'];
    const env = { PATH: process.env['PATH'], HOME: folder, RAGV_HOME: join(folder, 'home') };
    const child = spawn('bwrap', [...inside, ...args, '--mode', 'sandbox'], {
      cwd: folder,
      env,
      stdio: 'pipe',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = await listen(child);
    expect(said.exit).toBe(10);
    expect(said.stderr).toMatch(
      /warning: mode sandbox is not to be had here: .*\nerror: .*\[SANDBOX_UNAVAILABLE\]/s,
    );
  });

  test('a word that is no mode: 2', async () => {
    const said = await ragv('sandbox test --mode strict');
    expect(said).toMatchObject({ exit: 2, stdout: '' });
    expect(said.stderr).toContain('--mode strict: it is one of compute, process, sandbox, trusted');
  });
});
