import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Outcome, runTool } from './step.ts';

type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
};

/** Counts what vitest ran; a file that could not even be loaded counts as one failure. */
export async function unitTests(): Promise<readonly Outcome[]> {
  const started = performance.now();
  const folder = await mkdtemp(path.join(tmpdir(), 'vitest-'));
  const file = path.join(folder, 'report.json');
  try {
    const ran = await runTool('vitest', [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]);
    const report = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as Report,
      () => undefined,
    );
    const passed = report?.numPassedTests ?? 0;
    const failed = Math.max(report?.numFailedTests ?? 0, ran.ok && passed > 0 ? 0 : 1);
    const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
    const seconds = (performance.now() - started) / 1000;
    return [{ name: 'unit tests', passed, failed, skipped, output: ran.output, seconds }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
