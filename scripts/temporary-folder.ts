/** Vitest's global set-up: what tests leave in the folder for temporary files goes with the run, however each test ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'ragv-tests-'));

export function setup(): void {
  process.env['TMPDIR'] = folder; // what os.tmpdir() looks at; the test processes inherit it
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
