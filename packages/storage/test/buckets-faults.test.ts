/** What goes wrong with any store alike, and what each driver makes of it. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  checkBucket,
  obstacles,
  openStorage,
  prepareBucket,
  read,
  storageKey,
  type OpenStorageOptions,
  type Storage,
} from '@ragnos/storage';
import { standIns, type AnyStandIn } from './stand-in/every.ts';
import type { Fault } from './stand-in/server.ts';

const key = storageKey('metadata/timestamp.json');
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const fast: OpenStorageOptions = { retry: { backoffMs: 1, attempts: 4 } };
const code = (expected: string): unknown => expect.objectContaining({ name: 'StorageError', code: expected });
const writes: ReadonlySet<string> = new Set(['PUT', 'POST']);
const faults: Readonly<Record<string, Fault>> = {
  'is lost though it was done': 'lost',
  'never comes, nothing was done': 'dropped',
  'is 500, though it was done': { status: 500, done: true },
  'is 503': { status: 503 },
  'is 429': { status: 429 },
};

for (const [name, start] of Object.entries(standIns))
  describe(`on ${name}`, () => {
    let server: AnyStandIn;
    let storage: Storage;
    let other: Storage;
    let rounds = 0;
    beforeAll(async () => {
      server = await start();
      await prepareBucket(server.uri('bucket'), { env: server.env });
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      server.faults = () => undefined;
      const uri = server.uri('bucket', `r${rounds++}`);
      storage = await openStorage(uri, { env: server.env, ...fast });
      other = await openStorage(uri, { env: server.env, ...fast });
    });
    /** The first write from now on meets the fault; the rest is served. */
    const firstWrite = (fault: Fault): void => {
      let met = false;
      server.faults = ({ method }) => {
        if (met || !writes.has(method)) return undefined;
        met = true;
        return fault;
      };
    };
    const text = async (): Promise<string> =>
      Buffer.from((await read(other, key, { maxLength: 100 }))?.bytes ?? Buffer.of()).toString();

    for (const [what, fault] of Object.entries(faults)) {
      test(`a put whose answer ${what} is told truly`, async () => {
        firstWrite(fault);
        expect(await storage.putIfAbsent(key, utf8('1'))).toMatchObject({ created: true });
        expect(await storage.putIfAbsent(key, utf8('2'))).toEqual({ created: false });
        expect(await text()).toBe('1');
      });
      test(`a swap whose answer ${what} is told truly`, async () => {
        const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
        firstWrite(fault);
        const second = await storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '');
        expect(second).toMatchObject({ swapped: true });
        expect(second).toEqual({ swapped: true, etag: (await other.head(key))?.etag });
        expect(await text()).toBe('2');
      });
    }
    test('a swap whose answer is lost and that others overtook was a swap all the same', async () => {
      const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
      const overtake = async (): Promise<void> => {
        for (const next of ['other 1', 'other 2']) {
          const now = await other.head(key);
          await other.compareAndSwap(key, utf8(next), {}, now?.etag ?? null);
        }
      };
      firstWrite({ lostAfter: overtake });
      const second = await storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '');
      expect(second).toMatchObject({ swapped: true });
      expect(await text()).toBe('other 2');
    });
    test('a swap that others were faster than, and whose answer is lost, is none', async () => {
      const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
      await other.compareAndSwap(key, utf8('other'), {}, first.swapped ? first.etag : '');
      firstWrite('lost');
      expect(await storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '')).toEqual({
        swapped: false,
      });
      expect(await text()).toBe('other');
    });
    test('a swap that nobody answers is unknown: it may still be on its way', async () => {
      const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
      server.faults = ({ method }) => (writes.has(method) ? 'dropped' : undefined);
      const swap = storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '');
      await expect(swap).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
    });
    test('a deletion whose answer is lost deletes nothing that took the name since', async () => {
      await storage.putIfAbsent(key, utf8('mine'));
      let met = false;
      server.faults = ({ method }) => {
        if (met || method !== 'DELETE') return undefined;
        met = true;
        return { lostAfter: () => other.putIfAbsent(key, utf8('another')) };
      };
      await storage.delete(key);
      expect(await text()).toBe('another');
    });
    test('a deletion that was refused for now is done in the end', async () => {
      await storage.putIfAbsent(key, utf8('mine'));
      let met = false;
      server.faults = ({ method }) => {
        if (met || method !== 'DELETE') return undefined;
        met = true;
        return { status: 503 };
      };
      await storage.delete(key);
      expect(await storage.head(key)).toBeNull();
    });
    test('nobody answers: bounded attempts, then unavailable', async () => {
      server.faults = () => 'dropped';
      await expect(storage.get(key)).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
      await expect(storage.delete(key)).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
      await expect(storage.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
    });
    test('a download that is cut goes on where it was cut', async () => {
      const bytes = randomBytes(3_000_000);
      await other.putIfAbsent(key, bytes);
      let gets = 0;
      server.faults = ({ method }) => (method === 'GET' && gets++ > 0 && gets < 5 ? 'cut' : undefined);
      const found = await read(storage, key, { maxLength: bytes.length });
      expect(Buffer.compare(found?.bytes ?? Buffer.of(), bytes)).toBe(0);
    });
    test('a download of what is replaced meanwhile fails', async () => {
      const first = await other.compareAndSwap(key, randomBytes(2_000_000), {}, null);
      const found = await storage.get(key);
      await other.compareAndSwap(key, randomBytes(2_000_000), {}, first.swapped ? first.etag : '');
      const consume = async (): Promise<void> => {
        for await (const piece of found?.body ?? []) expect(piece.length).toBeGreaterThan(0);
      };
      await expect(consume()).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
    });
    test('a redirect is refused', async () => {
      server.faults = () => ({ status: 302, headers: { location: 'http://elsewhere.example/' } });
      await expect(storage.get(key)).rejects.toThrow(code('STORAGE_BAD_URI'));
    });
    test('403 is denied, and not absent', async () => {
      server.faults = () => ({ status: 403 });
      await expect(storage.get(key)).rejects.toThrow(code('STORAGE_DENIED'));
      await expect(storage.head(key)).rejects.toThrow(code('STORAGE_DENIED'));
    });
    test('wrong credentials are denied, and not repeated in the message', async () => {
      const secret = randomBytes(64).toString('base64');
      const env = {
        AWS_ACCESS_KEY_ID: 'STANDIN',
        AWS_SECRET_ACCESS_KEY: secret,
        AZURE_STORAGE_KEY: secret,
        GOOGLE_OAUTH_ACCESS_TOKEN: secret,
      };
      const wrong = await openStorage(server.uri('bucket'), { env, ...fast });
      const error: unknown = await wrong.get(key).catch((error: unknown) => error);
      expect(error).toEqual(code('STORAGE_DENIED'));
      expect(String(error)).not.toContain(secret);
    });
    test('no credentials, and no package that could find some', async () => {
      const find = async (): Promise<unknown> =>
        (await openStorage(server.uri('bucket'), { env: {} })).get(key);
      await expect(find()).rejects.toMatchObject({
        code: 'STORAGE_PACKAGE_MISSING',
        hint: expect.stringMatching(/^npm install [@\w/-]+, or set [A-Z_]+/) as unknown,
      });
    });
    test('a bucket that is not there is never an empty one, and is made when asked for', async () => {
      const uri = server.uri('not-there');
      const nowhere = await openStorage(uri, { env: server.env, ...fast });
      await expect(nowhere.get(key)).rejects.toThrow(code('STORAGE_CONFLICT'));
      await expect(nowhere.head(key)).rejects.toThrow(code('STORAGE_CONFLICT'));
      await expect(nowhere.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_CONFLICT'));
      expect(obstacles(await checkBucket(uri, { env: server.env }))).toMatchObject([
        { check: 'exists', state: 'missing' },
      ]);
      expect(obstacles(await prepareBucket(uri, { env: server.env }))).toEqual([]);
      expect(await nowhere.get(key)).toBeNull();
    });
  });
