import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

/** An empty folder that is gone after the tests of the file. */
export function tmp(): string {
  const path = mkdtempSync(join(tmpdir(), 'ragv-storage-'));
  made.push(path);
  return path;
}

afterAll(() => made.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));
