import {
  ExpiredMetadataError,
  LimitExceededError,
  MalformedMetadataError,
  Reader,
  RepositoryError,
  VaultError,
  WorkflowError,
} from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { codeOf } from './world.ts';

test('an error has its class for a name, a code, and only what it was given', () => {
  const plain = new LimitExceededError('too long');
  expect(plain).toMatchObject({ name: 'LimitExceededError', code: 'LIMIT', message: 'too long' });
  expect(plain).toBeInstanceOf(RepositoryError);
  expect(Object.hasOwn(plain, 'hint')).toBe(false);
  expect(Object.hasOwn(plain, 'cause')).toBe(false);
  const cause = new Error('below');
  expect(new MalformedMetadataError('bad', { cause, hint: 'look there' })).toMatchObject({
    cause,
    hint: 'look there',
  });
});

test('what the caller did is not the fault of the repository', () => {
  expect(new WorkflowError('x')).toBeInstanceOf(VaultError);
  expect(new WorkflowError('x')).not.toBeInstanceOf(RepositoryError);
  expect(new ExpiredMetadataError('x')).toBeInstanceOf(RepositoryError);
});

test('a reader names the path of what it codeOf', () => {
  const reader = Reader.of({ a: { b: 'x', c: ['d', 1], n: 3 } }, 'file').object('a');
  expect(() => reader.integer('b', 1, 5)).toThrow('file.a.b: expected an integer from 1 to 5');
  expect(() => reader.integer('n', 4)).toThrow('file.a.n: expected an integer >= 4');
  expect(() => reader.strings('c')).toThrow('file.a.c: expected an array of strings');
  expect(reader.integer('n', 1, 5)).toBe(3);
  expect(reader.names()).toEqual(['b', 'c', 'n']);
  expect(codeOf(() => Reader.of([], 'file'))).toBe('MALFORMED');
  expect(codeOf(() => Reader.of(undefined, 'file'))).toBe('MALFORMED');
});

test('what nobody asked for is the rest', () => {
  const reader = Reader.of({ a: 1, b: null }, 'file');
  expect(reader.has('b')).toBe(true);
  expect(reader.integer('a', 1)).toBe(1);
  expect([...reader.rest()]).toEqual([['b', null]]);
  expect(reader.value('b')).toBeNull();
  expect(reader.rest().size).toBe(0);
});
