import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProbes, type SuiteReport } from '../../src/confine/probes/suite.ts';
import { temporary } from './support.ts';

const minutes = 60_000;

describe('a process that proves nothing', { timeout: 4 * minutes }, () => {
  const some = ['read-outside', 'spawn', 'cpu-loop'];
  const one = ['read-outside'];

  /** Node, but for a confined plugin, which is given `how` after the preload has begun it. */
  async function suiteWith(how: string, ids: readonly string[]): Promise<SuiteReport> {
    const node = path.join(temporary(), 'node');
    const real = `exec '${process.execPath}' "$@"`;
    const text = `#!/bin/sh\ncase "$*" in *--permission*) ${how.replace('NODE', real)};; *) ${real};; esac\n`;
    writeFileSync(node, text);
    chmodSync(node, 0o755);
    return runProbes({ node, modes: ['process'], only: (id) => ids.includes(id) });
  }

  const broken = {
    'ends as soon as it is up': [
      some,
      'NODE </dev/null',
      /^it cannot do what it may, control-own: the process/,
    ],
    'never answers': [one, 'NODE >/dev/null', /^it cannot do what it may, control-own: the process did not/],
    // Four lines are what it may.
    'ends while it is tried': [
      one,
      `{ for n in 1 2 3 4; do read -r line; printf '%s\\n' "$line"; done; sleep 1; } | NODE`,
      /^the process ended by itself/,
    ],
    'ends before it is up': [one, 'exit 3', /^it could not be started: /],
  } as const;
  test.for(Object.entries(broken))('one that %s', async ([, [ids, how, why]]) => {
    const { results } = await suiteWith(how, ids);
    expect(results).toHaveLength(ids.length);
    for (const { outcome, expected, by, detail } of results) {
      expect({ outcome, expected, by }).toEqual({ outcome: 'unproven', expected: false, by: null });
      expect(detail).toMatch(why);
    }
  });

  test('and the same where it is sound', async () => {
    const { results } = await suiteWith('NODE', some);
    expect(results.map(({ outcome, expected }) => [outcome, expected])).toEqual(
      some.map(() => ['enforced', true]),
    );
  });

  test('one that cannot do what it was granted, and so fails at all else too', async () => {
    // Beside its own files it reads nothing.
    const { results } = await suiteWith(
      `for one do shift; case "$one" in --allow-fs-read=*granted*) ;; *) set -- "$@" "$one";; esac; done; NODE`,
      one,
    );
    expect(results).toMatchObject([{ outcome: 'unproven', expected: false }]);
    expect(results[0]?.detail).toContain('control-read');
  });

  test('where not even the control is carried out', async () => {
    const node = path.join(temporary(), 'node');
    const real = `exec '${process.execPath}' "$@"`;
    writeFileSync(node, `#!/bin/sh\ncase "$*" in *main.*) ${real} </dev/null;; *) ${real};; esac\n`);
    chmodSync(node, 0o755);
    const { results } = await runProbes({ node, modes: ['process'], only: (id) => id === 'read-outside' });
    expect(results).toMatchObject([{ outcome: 'unproven', expected: false }]);
  });
});
