/** docs/guide.md is followed word for word: a guide that tells what is not so fails here. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../demo/stage.ts';
import { normalised, readSteps, runSteps } from './run-guide.ts';

test('docs/guide.md', { timeout: 120_000 }, async () => {
  const markdown = await readFile(join(repositoryRoot, 'docs', 'guide.md'), 'utf8');
  const steps = readSteps(markdown);
  expect(steps.length).toBeGreaterThan(15);
  const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
  try {
    const printed = normalised(await runSteps(markdown, work));
    const told = normalised(steps.map((step) => step.output));
    for (const [index, { command }] of steps.entries())
      expect([command, ...(printed[index] ?? [])]).toEqual([command, ...(told[index] ?? [])]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
