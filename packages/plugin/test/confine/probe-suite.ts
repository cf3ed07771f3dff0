import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Mode } from '../../src/confine/grant.ts';
import { runProbes, type ProbeResult } from '../../src/confine/probes/suite.ts';
import { probedCapabilities, probes } from '../../src/confine/probes/table.ts';
import { repository, sandboxed } from './support.ts';

const minutes = 60_000;
export const page = readFileSync(path.join(repository, 'docs/sandbox.md'), 'utf8');

/** Columns of the page's table, for modes on one Node. */
type Column = readonly [index: 1 | 2 | 3, modes: readonly Mode[]];

/** One run for all modes: what is expected of each attempt in each mode is in probes/table.ts. `undefined`: there is no such Node here. */
export function describeSuite(version: 'Node 24' | 'Node 26', node: string | undefined): void {
  describe.skipIf(node === undefined)(`the probe suite on ${version}`, () => {
    const modes: readonly Mode[] = sandboxed
      ? ['trusted', 'compute', 'process', 'sandbox']
      : ['trusted', 'process'];
    let results: readonly ProbeResult[] = [];

    test('runs', { timeout: 12 * minutes }, async () => {
      const report = await runProbes({ node: node ?? '', modes, layers: true });
      results = report.results;
      expect([...report.unavailable.keys()]).toEqual([]);
      expect(results.length).toBe(probes.length * modes.length);
    });

    test('every attempt is carried out, and gets through where nothing stops it', () => {
      expect(results.filter(({ outcome }) => outcome === 'unproven')).toEqual([]);
    });

    test('nothing gets through but what is written down', () => {
      expect(results.filter(({ expected }) => !expected)).toEqual([]);
    });

    test.skipIf(!sandboxed)('nothing at all gets out of the sandbox, and of mode compute', () => {
      const layered = results.filter(({ mode }) => mode === 'sandbox' || mode === 'compute');
      expect(layered.length).toBe(2 * probes.length);
      expect(layered.filter(({ outcome }) => outcome === 'not enforced')).toEqual([]);
    });

    test.skipIf(!sandboxed)('the operating system by itself holds everything that reaches the host', () => {
      // Without Node's permissions and our guards: what is left when a plugin has got past both.
      const inside = new Set(['eval', 'code', 'native', 'exec', 'limits', 'env']);
      const outward = results.filter((one) => one.mode === 'sandbox' && !inside.has(one.capability));
      expect(outward.length).toBeGreaterThan(60);
      expect(outward.filter(({ by }) => by !== 'system').map(({ id }) => id)).toEqual([]);
    });

    const process: Column = [version === 'Node 26' ? 2 : 3, ['process']];
    const layered: Column = [1, ['sandbox', 'compute']];
    for (const [index, together] of [layered, process])
      test.skipIf(index === 1 && !sandboxed)(`docs/sandbox.md says what comes out, column ${index}`, () => {
        for (const mode of together)
          for (const capability of probedCapabilities) {
            const tried = results.filter((one) => one.mode === mode && one.capability === capability);
            expect([capability, mode, cellOf(tried)]).toEqual([capability, mode, written(capability, index)]);
          }
      });
  });
}

function cellOf(results: readonly ProbeResult[]): string {
  const open = results.filter(({ outcome }) => outcome === 'not enforced').length;
  const layers = (['system', 'node', 'guards', 'host'] as const).filter((layer) =>
    results.some(({ by }) => by === layer),
  );
  return `${open === 0 ? '' : `**not enforced** (${open} of ${results.length}), else `}${layers.join(', ')}`;
}

function written(capability: string, index: number): string | undefined {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${capability}\``));
  const cells = row?.split('|').map((cell) => cell.trim()) ?? [];
  const cell = cells[index + 1];
  return cell === 'as Node 26' ? cells[index] : cell;
}
