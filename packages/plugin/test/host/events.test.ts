import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rotate } from '../../src/host/events.ts';
import { tempFolder } from './world.ts';

test('a log that another process has put aside meanwhile is not put aside again', () => {
  const folder = tempFolder();
  const [file, older] = [join(folder, 'events.jsonl'), join(folder, 'events.1.jsonl')];
  writeFileSync(file, 'long\n');
  const handle = openSync(file, 'a');
  try {
    renameSync(file, older); // another process, which wrote to it at the same time
    writeFileSync(file, 'young\n');
    rotate(handle, file, older);
    expect([readFileSync(older, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['long\n', 'young\n']);
  } finally {
    closeSync(handle);
  }
});

test('one that is still the one written to is', () => {
  const folder = tempFolder();
  const [file, older] = [join(folder, 'events.jsonl'), join(folder, 'events.1.jsonl')];
  writeFileSync(file, 'long\n');
  const handle = openSync(file, 'a');
  try {
    rotate(handle, file, older);
    expect(readFileSync(older, 'utf8')).toBe('long\n');
  } finally {
    closeSync(handle);
  }
});
