import { describe, expect, test } from 'vitest';
import type { Mode } from '../../src/confine/grant.ts';
import { runProbes, type ProbeResult } from '../../src/confine/probes/suite.ts';
import { probes } from '../../src/confine/probes/table.ts';
import { node24, sandboxed } from './support.ts';

const minutes = 60_000;
const nodes = new Map([
  ['this Node', process.execPath],
  ...(node24 === undefined ? [] : [['Node 24', node24] as const]),
]);

test('there are more attempts than were measured before any of this was built', () => {
  expect(probes.length).toBeGreaterThan(31);
  expect(new Set(probes.map(({ id }) => id)).size).toBe(probes.length);
});

for (const [version, node] of nodes)
  describe(`the probe suite on ${version}`, () => {
    // One run for all modes: what is expected of each attempt in each mode is in probes/table.ts.
    const modes: readonly Mode[] = sandboxed
      ? ['trusted', 'compute', 'process', 'sandbox']
      : ['trusted', 'process'];
    let results: readonly ProbeResult[] = [];

    test('runs', { timeout: 8 * minutes }, async () => {
      const report = await runProbes({ node, modes });
      results = report.results;
      expect([...report.unavailable.keys()]).toEqual([]);
      expect(results.length).toBe(probes.length * modes.length);
    });

    test('every attempt gets through where nothing stops it', () => {
      expect(results.filter(({ outcome }) => outcome === 'unproven').map(({ id }) => id)).toEqual([]);
    });

    test('nothing gets through but what is written down', () => {
      expect(results.filter(({ expected }) => !expected)).toEqual([]);
    });

    test.skipIf(!sandboxed)('nothing at all gets out of the sandbox, and of mode compute', () => {
      const layered = results.filter(({ mode }) => mode === 'sandbox' || mode === 'compute');
      expect(layered.length).toBe(2 * probes.length);
      expect(layered.filter(({ outcome }) => outcome === 'not enforced')).toEqual([]);
    });
  });

describe.skipIf(!sandboxed)('what the operating system holds by itself', () => {
  // With Node's permissions and our guards away: what is left of the sandbox when a plugin has got past both.
  const insideOnly = new Set(['eval', 'code', 'native', 'exec', 'limits', 'env']);
  const outward = new Set(probes.filter(({ capability }) => !insideOnly.has(capability)).map(({ id }) => id));

  test('everything that reaches the host', { timeout: 8 * minutes }, async () => {
    const { results } = await runProbes({ modes: ['sandbox'], layers: true, only: (id) => outward.has(id) });
    expect(results.filter(({ by }) => by !== 'system').map(({ id }) => id)).toEqual([]);
  });
});
