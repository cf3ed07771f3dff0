import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Outcome, root, runTool } from './step.ts';

type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
};

/** What failed and why, before the long output in which it would be looked for. */
function failures({ testResults }: Report): string {
  const told = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((one) => one.status === 'failed');
    const file = path.relative(root, name);
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${message}`] : [];
    return failed.map((one) => `${file}: ${one.fullName}\n${(one.failureMessages ?? []).join('\n')}`);
  });
  return told.map((text) => `FAILED ${text.slice(0, 3000)}\n\n`).join('');
}

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
    const output = (report === undefined ? '' : failures(report)) + ran.output;
    return [{ name: 'unit tests', passed, failed, skipped, output, seconds }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
