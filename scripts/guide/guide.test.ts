/** docs/guide.md is followed word for word: a guide that tells what is not so fails here. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../demo/stage.ts';
import { normalised, readSteps, runSteps } from './run-guide.ts';

test('docs/guide.md', { timeout: 120_000 }, async () => {
  const steps = readSteps(await readFile(join(repositoryRoot, 'docs', 'guide.md'), 'utf8'));
  expect(steps.length).toBeGreaterThan(15);
  const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
  try {
    const outputs = await runSteps(steps, work);
    for (const [index, step] of steps.entries())
      expect([step.command, ...normalised(outputs[index] ?? [])]).toEqual([
        step.command,
        ...normalised(step.output),
      ]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
