// `npm test`: every check in order, all of them even when one fails, and the sum as the last line.
import { hygiene } from './check/hygiene.ts';
import { closing, isRequired, judge, neededHere } from './check/needed.ts';
import { packages } from './check/packages.ts';
import { removeStaleOutput } from './check/stale.ts';
import { type Outcome, tool } from './check/step.ts';
import { unitTests } from './check/unit-tests.ts';

const needed = await neededHere();
const steps: readonly (() => Promise<readonly Outcome[]>)[] = [
  () => judge(needed, isRequired(process.env)),
  () => tool('format', 'prettier', ['--check', '--log-level=warn', '.']),
  () => tool('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
  async () => {
    await removeStaleOutput();
    return tool('types and build', 'typescript', ['-b']);
  },
  unitTests,
  // No way through the trust core that no test takes.
  () =>
    tool('branches of the trust core', 'vitest', [
      'run',
      'packages/tuf',
      '--coverage.enabled',
      '--coverage.include=packages/tuf/src/**',
      '--coverage.reporter=text',
      '--coverage.thresholds.branches=100',
    ]),
  packages,
  hygiene,
];

function describe({ name, passed, failed, skipped, seconds }: Outcome): string {
  const mark = failed > 0 ? 'FAIL' : passed > 0 ? 'ok' : 'skip';
  const counts = passed + failed + skipped > 1 ? `${passed} of ${passed + failed + skipped}` : '';
  return `${mark.padEnd(5)}${name.padEnd(34)}${counts.padEnd(14)}${seconds.toFixed(1).padStart(6)} s`;
}

console.log(`checks on Node ${process.versions.node}`);
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const step of steps) {
  for (const outcome of await step()) {
    console.log(describe(outcome));
    if (outcome.output !== '' && (outcome.failed > 0 || outcome.passed === 0))
      console.log(outcome.output.trimEnd().replaceAll(/^/gm, '     '));
    sum.passed += outcome.passed;
    sum.failed += outcome.failed;
    sum.skipped += outcome.skipped;
  }
}
console.log();
for (const line of closing(needed)) console.log(line);
console.log(
  `${sum.passed} passed, ${sum.failed} failed${sum.skipped === 0 ? '' : `, ${sum.skipped} skipped`}`,
);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
