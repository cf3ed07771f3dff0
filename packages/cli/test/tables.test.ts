/** The tables behind the command line are complete, and the reference is made from them. */
import { readFileSync } from 'node:fs';
import { commands, exitCodes, exitOf, manual } from '@ragnos/cli';
import { PublishError, publishErrors } from '@ragnos/repository';
import { SigningError } from '@ragnos/signing';
import { StorageError, storageErrors } from '@ragnos/storage';
import { ExpiredMetadataError, UnsignedMetadataError } from '@ragnos/tuf';
import { expect, test } from 'vitest';

test('docs/reference/cli.md is what `ragv manual` prints', () => {
  const reference = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
  expect(reference).toBe(manual());
});

test('every command has a summary and an example that begins with it', () => {
  for (const { words, summary, examples } of commands) {
    expect(summary).not.toBe('');
    expect(examples.some((example) => example.includes(`ragv ${words.join(' ')}`))).toBe(true);
  }
});

test('exit codes are distinct and those of the plan', () => {
  expect(Object.values(exitCodes).map(([code]) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]);
});

test('what was thrown decides the exit code', () => {
  expect(exitOf(new UnsignedMetadataError('x'))).toBe(3);
  expect(exitOf(new ExpiredMetadataError('x'))).toBe(4);
  expect(exitOf(new SigningError('BAD_PASSWORD', 'x'))).toBe(7);
  expect(exitOf(new StorageError('STORAGE_UNAVAILABLE', 'x'))).toBe(6);
  expect(exitOf(new PublishError('SIGNATURES_MISSING', 'x'))).toBe(8);
  expect(exitOf(new Error('nobody foresaw it'))).toBe(1);
  for (const code of Object.keys(publishErrors))
    expect(exitOf(Object.assign(new Error(), { code }))).toBeGreaterThan(0);
  for (const code of Object.keys(storageErrors))
    expect(exitOf(Object.assign(new Error(), { code }))).toBeGreaterThan(0);
});
