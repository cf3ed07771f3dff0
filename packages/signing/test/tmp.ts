import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

/** An empty folder that is gone after the tests of the file. */
export function tmp(): string {
  const path = mkdtempSync(join(tmpdir(), 'ragv-signing-'));
  made.push(path);
  return path;
}

afterAll(() => made.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));

/** For keys that guard nothing and live for a second. */
export const cheap = { N: 2, r: 1, p: 1 } as const;

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
