/** The guide and the runbooks are followed word for word: one that tells what is not so fails here. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../demo/stage.ts';
import { normalised, normalisedKeys, readSteps, runSteps } from './run-guide.ts';

const docs = join(repositoryRoot, 'docs');
const runbooks = (await readdir(join(docs, 'runbooks'))).filter((name) => name.endsWith('.md'));

async function follow(path: string, normal: typeof normalised): Promise<number> {
  const markdown = await readFile(path, 'utf8');
  const steps = readSteps(markdown);
  expect(steps.length).toBeGreaterThan(8);
  const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
  try {
    const started = performance.now();
    const printed = normal(await runSteps(markdown, work));
    const took = performance.now() - started;
    const told = normal(steps.map((step) => step.output));
    // A document that was written while the program was broken would otherwise be followed word for word.
    expect(told.flat().filter((line) => line.includes('[FAILURE]'))).toEqual([]);
    for (const [index, { command }] of steps.entries())
      expect([command, ...(printed[index] ?? [])]).toEqual([command, ...(told[index] ?? [])]);
    return took;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

test('docs/guide.md', { timeout: 120_000 }, async () => {
  expect(await follow(join(docs, 'guide.md'), normalised)).toBeGreaterThan(0);
});

test('docs/migration.md', { timeout: 180_000 }, async () => {
  expect(await follow(join(docs, 'migration.md'), normalised)).toBeGreaterThan(0);
});

test('docs/runtimes.md', { timeout: 180_000 }, async () => {
  expect(await follow(join(docs, 'runtimes.md'), normalised)).toBeGreaterThan(0);
});

// A ceremony with five keys, and a recovery, take less than five minutes: everything in the runbook together does.
test.for(runbooks)('docs/runbooks/%s', { timeout: 300_000 }, async (name) => {
  expect(await follow(join(docs, 'runbooks', name), normalisedKeys)).toBeLessThan(300_000);
});
