import { expect, test } from 'vitest';
import { memoryStorage, putOnce, StorageError, storageKey, type Storage } from '@ragnos/storage';

const key = storageKey('metadata/2.targets.json');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Answers are lost, after or before the write was done. */
function unreliable(done: boolean): Storage {
  const storage = memoryStorage();
  return {
    ...storage,
    async putIfAbsent(...args) {
      if (done) await storage.putIfAbsent(...args);
      throw new StorageError('STORAGE_UNAVAILABLE', 'lost answer');
    },
  };
}

test('putOnce: an answer lost after the write is success', async () => {
  expect(await putOnce(unreliable(true), key, utf8('1'))).toBe('same');
});

test('putOnce: an answer lost before the write stays an error', async () => {
  await expect(putOnce(unreliable(false), key, utf8('1'))).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  });
});

test('putOnce: same version with other bytes is refused', async () => {
  const storage = memoryStorage();
  await putOnce(storage, key, utf8('1'));
  const body = {
    length: 1,
    open: async function* () {
      yield utf8('2');
    },
  };
  await expect(putOnce(storage, key, body)).rejects.toMatchObject({ code: 'STORAGE_CONFLICT' });
});

test('an error says its code, its hint and its cause', () => {
  const cause = new Error('below');
  const error = new StorageError('STORAGE_FULL', 'message', { hint: 'free some space', cause });
  expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FULL', hint: 'free some space', cause });
  expect(new StorageError('STORAGE_FULL', 'message').hint).toBeUndefined();
});
