import { closeSync, openSync, readSync } from 'node:fs';

const most = 256; // as Linux reads of it

/** The line by which a script says what runs it, `#!/bin/sh -e`; `null` = it is none. Throws what `openSync` throws. */
export function firstLineOf(file: string): string | null {
  const start = Buffer.alloc(most);
  const handle = openSync(file, 'r');
  try {
    const length = readSync(handle, start, 0, most, 0);
    return /^#![^\n\0]*/.exec(start.toString('latin1', 0, length))?.[0].trimEnd() ?? null;
  } finally {
    closeSync(handle);
  }
}
