import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { putOnce, read, storageKey, type ObjectMeta, type Storage } from '@ragnos/storage';

export interface ContractOptions {
  /** Whether the store keeps the metadata it is given, or derives it from the key (a folder). */
  readonly meta: 'kept' | 'derived';
  /** How many of the 20 racers run; a real server over a slow network may take fewer. */
  readonly racers?: number;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const json: ObjectMeta = { contentType: 'application/json' };

/**
 * What every driver must do; no driver lands without it. `make` gives an empty store each time, and may reuse one server.
 * It uses keys below `contract/` only, so a prefix of a shared bucket will do.
 */
export function testStorage(make: () => Storage | Promise<Storage>, options: ContractOptions): void {
  const racers = Array.from({ length: options.racers ?? 20 }, (_, i) => i);
  const key = storageKey('contract/metadata/timestamp.json');
  let storage: Storage;
  beforeEach(async () => {
    storage = await make();
  });

  const textOf = async (name = key): Promise<string | null> => {
    const found = await read(storage, name, { maxLength: 10_000_000 });
    return found === null ? null : new TextDecoder().decode(found.bytes);
  };
  const list = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const entry of storage.list(prefix)) keys.push(entry.key);
    return keys;
  };
  const put = (name: string, text = name) => storage.putIfAbsent(storageKey(name), utf8(text));
  const code = (expected: string): unknown =>
    expect.objectContaining({ name: 'StorageError', code: expected });

  test('says where it is', () => expect(storage.description).toMatch(/^[a-z0-9]+:/));

  describe('absence', () => {
    test('get, head and read give null', async () => {
      expect(await storage.get(key)).toBeNull();
      expect(await storage.head(key)).toBeNull();
      expect(await textOf()).toBeNull();
    });
    test('a part of a path is no object', async () => {
      await put('contract/a/b');
      expect(await storage.head(storageKey('contract/a'))).toBeNull();
      expect(await storage.get(storageKey('contract/a'))).toBeNull();
    });
    test('below an object there is no other', async () => {
      await put('contract/a');
      expect(await storage.get(storageKey('contract/a/b'))).toBeNull();
    });
    test('a deleted object is absent again, and can be put again', async () => {
      await put(key, '1');
      await storage.delete(key);
      expect(await storage.head(key)).toBeNull();
      expect(await put(key, '2')).toMatchObject({ created: true });
      expect(await textOf()).toBe('2');
    });
    test('delete is idempotent', async () => {
      await storage.delete(key);
      await put(key);
      await storage.delete(key);
      await storage.delete(key);
      expect(await list('contract/')).toEqual([]);
    });
  });

  describe('content', () => {
    test('comes back, with its size, a date and one etag from every call', async () => {
      const before = Date.now();
      const created = await storage.putIfAbsent(key, utf8('{}'), json);
      const found = await read(storage, key, { maxLength: 2 });
      const info = await storage.head(key);
      expect(created).toEqual({ created: true, etag: info?.etag });
      expect(found?.info).toEqual(info);
      expect(info).toMatchObject({ key, size: 2, contentType: 'application/json' });
      expect(Math.abs((info?.modified.getTime() ?? 0) - before)).toBeLessThan(60_000);
    });
    test('an empty object is an object', async () => {
      expect(await put(key, '')).toMatchObject({ created: true });
      expect(await textOf()).toBe('');
      expect(await storage.head(key)).toMatchObject({ size: 0 });
      expect(await put(key, 'more')).toEqual({ created: false });
    });
    test('of every byte value', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await storage.putIfAbsent(key, bytes);
      expect((await read(storage, key, { maxLength: 256 }))?.bytes.every((b, i) => b === i)).toBe(true);
    });
    test('is a copy: what the caller does to its bytes later changes nothing', async () => {
      const bytes = utf8('before');
      await storage.putIfAbsent(key, bytes);
      bytes.fill(0);
      expect(await textOf()).toBe('before');
    });
    test('names with characters that URLs and shells treat specially', async () => {
      const names = [
        'a b',
        'a%2Fb',
        'a+b',
        'a#b',
        "a'b",
        'a&b=c',
        'ü',
        '😀',
        '-rf',
        '~',
        '$HOME',
        '[a]',
        '{a}',
        'a;b',
        '..a',
      ];
      for (const name of names) await put(`contract/odd/${name}`, name);
      for (const name of names) expect(await textOf(storageKey(`contract/odd/${name}`))).toBe(name);
      expect((await list('contract/odd/')).toSorted()).toEqual(
        names.map((name) => `contract/odd/${name}`).toSorted(),
      );
    });
  });

  describe('metadata', () => {
    test(`is ${options.meta}`, async () => {
      const meta = {
        contentType: 'application/vnd.test+json',
        cacheControl: 'public, max-age=31536000, immutable',
      };
      const name = storageKey('contract/1.root.json');
      const created = await storage.putIfAbsent(name, utf8('{}'), meta);
      const info = await storage.head(name);
      const kept = options.meta === 'kept';
      expect(info).toMatchObject(kept ? meta : { contentType: 'application/json' });
      const next = { contentType: 'application/json', cacheControl: 'no-store' };
      await storage.compareAndSwap(name, utf8('{ }'), next, created.created ? created.etag : '');
      expect(await storage.head(name)).toMatchObject(kept ? next : { contentType: 'application/json' });
    });
  });

  describe('streams', () => {
    const bytes = randomBytes(5_000_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    async function* chunks(length: number): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < length; i += 65_521) yield bytes.subarray(i, Math.min(i + 65_521, length));
    }
    const body = { length: bytes.length, sha256, open: () => chunks(bytes.length) };

    test('5 MB in and out', async () => {
      const created = await storage.putIfAbsent(key, body);
      const found = await storage.get(key, { maxLength: bytes.length });
      const hash = createHash('sha256');
      let count = 0;
      for await (const chunk of found?.body ?? []) {
        hash.update(chunk);
        count++;
      }
      expect(hash.digest('hex')).toBe(sha256);
      expect(count).toBeGreaterThan(1);
      expect(created).toEqual({ created: true, etag: found?.info.etag });
      expect(await storage.head(key)).toEqual(found?.info);
    });
    test('a range of 5 MB', async () => {
      await storage.putIfAbsent(key, body);
      const range = { start: 4_999_990, end: 4_999_995 };
      const found = await storage.get(key, { range, maxLength: 5 });
      const got: Uint8Array[] = [];
      for await (const chunk of found?.body ?? []) got.push(chunk);
      expect(Buffer.concat(got).equals(bytes.subarray(range.start, range.end))).toBe(true);
      expect(found?.info.size).toBe(5_000_000);
    });
    test('an empty stream', async () => {
      expect(await storage.putIfAbsent(key, { length: 0, open: () => chunks(0) })).toMatchObject({
        created: true,
      });
      expect(await textOf()).toBe('');
    });
    const lies = {
      'shorter than announced': { ...body, open: () => chunks(4_999_999) },
      'longer than announced': { ...body, length: 4_999_999 },
      'empty, but announced': { ...body, open: () => chunks(0) },
      'another digest': { ...body, sha256: '0'.repeat(64) },
    };
    for (const [name, lie] of Object.entries(lies))
      test(`a body that is ${name} is refused, and nothing is stored`, async () => {
        await expect(storage.putIfAbsent(key, lie)).rejects.toThrow(code('STORAGE_MISMATCH'));
        expect(await storage.head(key)).toBeNull();
        expect(await list('contract/')).toEqual([]);
      });
    test('a body that fails midway stores nothing and fails with its own error', async () => {
      const own = Object.assign(new Error('source went away'), { code: 'ENOENT' });
      const open = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 1_000_000);
        throw own;
      };
      await expect(storage.putIfAbsent(key, { length: bytes.length, open })).rejects.toBe(own);
      expect(await storage.head(key)).toBeNull();
    });
    test('the body of one get can be left unread', async () => {
      await storage.putIfAbsent(key, body);
      await storage.get(key);
      for await (const chunk of (await storage.get(key))?.body ?? []) if (chunk.length > 0) break;
      await storage.delete(key);
      expect(await storage.head(key)).toBeNull();
    });
  });

  describe('ranges', () => {
    const ranges: Record<string, [start: number, end: number | undefined, expected: string]> = {
      first: [0, 1, '0'],
      middle: [3, 6, '345'],
      last: [9, 10, '9'],
      open: [7, undefined, '789'],
      'past the end': [8, 1000, '89'],
      whole: [0, undefined, '0123456789'],
    };
    for (const [name, [start, end, expected]] of Object.entries(ranges))
      test(`range: ${name}`, async () => {
        await put(key, '0123456789');
        const found = await storage.get(key, { range: end === undefined ? { start } : { start, end } });
        let text = '';
        for await (const chunk of found?.body ?? []) text += new TextDecoder().decode(chunk);
        expect(text).toBe(expected);
        expect(found?.info.size).toBe(10);
      });
    const bad = {
      'start at the end': { start: 10 },
      'start past the end': { start: 11, end: 12 },
      empty: { start: 3, end: 3 },
      backwards: { start: 3, end: 2 },
      negative: { start: -1 },
      fraction: { start: 0.5 },
      'not a number': { start: NaN },
    };
    for (const [name, range] of Object.entries(bad))
      test(`${name} is refused`, async () => {
        await put(key, '0123456789');
        await expect(storage.get(key, { range })).rejects.toThrow(code('STORAGE_BAD_RANGE'));
      });
    test('any range of an empty object is refused', async () => {
      await put(key, '');
      await expect(storage.get(key, { range: { start: 0 } })).rejects.toThrow(code('STORAGE_BAD_RANGE'));
    });
    test('of an absent object is null', async () =>
      expect(await storage.get(key, { range: { start: 5 } })).toBeNull());
  });

  describe('maxLength', () => {
    test('exactly that is delivered, one more is refused', async () => {
      await put(key, '0123456789');
      expect((await read(storage, key, { maxLength: 10 }))?.bytes.length).toBe(10);
      await expect(read(storage, key, { maxLength: 9 })).rejects.toThrow(code('STORAGE_TOO_LARGE'));
    });
    test('bounds the range, where there is one', async () => {
      await put(key, '0123456789');
      expect(await storage.get(key, { range: { start: 0, end: 2 }, maxLength: 2 })).not.toBeNull();
      await expect(storage.get(key, { range: { start: 0, end: 3 }, maxLength: 2 })).rejects.toThrow(
        code('STORAGE_TOO_LARGE'),
      );
    });
    test('zero is a bound too', async () => {
      await put(key, '');
      expect((await read(storage, key, { maxLength: 0 }))?.bytes.length).toBe(0);
    });
  });

  describe('putIfAbsent', () => {
    test('never overwrites, not even with the same content', async () => {
      await put(key, 'first');
      expect(await put(key, 'second')).toEqual({ created: false });
      expect(await put(key, 'first')).toEqual({ created: false });
      expect(await textOf()).toBe('first');
    });
    test(`${racers.length} at once: one winner, whose content stays`, async () => {
      const results = await Promise.all(racers.map((i) => put(key, `racer ${i}`)));
      const winners = racers.filter((i) => results[i]?.created);
      expect(winners).toHaveLength(1);
      expect(await textOf()).toBe(`racer ${winners[0]}`);
    });
    test(`${racers.length} streams at once: one winner, whole`, async () => {
      const results = await Promise.all(
        racers.map((i) => {
          const bytes = new Uint8Array(300_000).fill(i);
          const open = async function* (): AsyncGenerator<Uint8Array> {
            for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
          };
          return storage.putIfAbsent(key, { length: bytes.length, open });
        }),
      );
      const winners = racers.filter((i) => results[i]?.created);
      expect(winners).toHaveLength(1);
      const found = await read(storage, key, { maxLength: 300_000 });
      expect(found?.bytes.every((byte) => byte === winners[0])).toBe(true);
    });
    test('different keys do not disturb each other', async () => {
      const results = await Promise.all(racers.map((i) => put(`contract/many/${i}/${i}.json`)));
      expect(results.every((result) => result.created)).toBe(true);
      expect(await list('contract/many/')).toHaveLength(racers.length);
    });
    test('putOnce tells the same content from another', async () => {
      expect(await putOnce(storage, key, utf8('a'), json)).toBe('created');
      expect(await putOnce(storage, key, utf8('a'), json)).toBe('same');
      for (const other of ['b', '', 'aa'])
        await expect(putOnce(storage, key, utf8(other), json)).rejects.toThrow(code('STORAGE_CONFLICT'));
      expect(await textOf()).toBe('a');
    });
  });

  describe('compareAndSwap', () => {
    const swap = (text: string, expected: string | null) =>
      storage.compareAndSwap(key, utf8(text), json, expected);
    const etag = async (): Promise<string | null> => (await storage.head(key))?.etag ?? null;

    test('null expects that there is none', async () => {
      const first = await swap('1', null);
      expect(first).toEqual({ swapped: true, etag: await etag() });
      expect(await swap('2', null)).toEqual({ swapped: false });
      expect(await textOf()).toBe('1');
    });
    test('the right etag swaps, and the etag changes with the content', async () => {
      await swap('1', null);
      const one = await etag();
      const second = await swap('2', one);
      expect(second).toEqual({ swapped: true, etag: await etag() });
      expect(await etag()).not.toBe(one);
      expect(await textOf()).toBe('2');
    });
    test('an old or invented etag does not', async () => {
      await swap('1', null);
      const one = await etag();
      await swap('2', one);
      expect(await swap('3', one)).toEqual({ swapped: false });
      expect(await swap('3', '"0123456789abcdef0123456789abcdef"')).toEqual({ swapped: false });
      expect(await textOf()).toBe('2');
    });
    test('an etag of what was deleted does not', async () => {
      await swap('1', null);
      const one = await etag();
      await storage.delete(key);
      expect(await swap('2', one)).toEqual({ swapped: false });
      expect(await storage.head(key)).toBeNull();
    });
    test('the etag changes with each of many quick swaps of one size', async () => {
      const seen = new Set<string>();
      let current: string | null = null;
      for (let i = 100; i < 130; i++) {
        const result = await swap(String(i), current);
        current = result.swapped ? result.etag : null;
        seen.add(current ?? '');
      }
      expect(seen.size).toBe(30);
    });
    test('to an empty object and back', async () => {
      await swap('1', null);
      await swap('', await etag());
      expect(await textOf()).toBe('');
      await swap('2', await etag());
      expect(await textOf()).toBe('2');
    });
    for (const start of ['absent', 'present'])
      test(`${racers.length} at once from ${start}: one winner, whose content stays`, async () => {
        if (start === 'present') await swap('start', null);
        const expected = await etag();
        const results = await Promise.all(racers.map((i) => swap(`racer ${i}`, expected)));
        const winners = racers.filter((i) => results[i]?.swapped);
        expect(winners).toHaveLength(1);
        expect(await textOf()).toBe(`racer ${winners[0]}`);
      });
    test('of a put and a swap that both expect nothing, one wins', async () => {
      for (let round = 0; round < 5; round++) {
        const [put, swapped] = await Promise.all([storage.putIfAbsent(key, utf8('put')), swap('swap', null)]);
        expect(put.created).not.toBe(swapped.swapped);
        expect(await textOf()).toBe(put.created ? 'put' : 'swap');
        await storage.delete(key);
      }
    });
    test('a counter that all increment loses nothing', async () => {
      await swap('0', null);
      const increment = async (): Promise<void> => {
        for (;;) {
          const found = await read(storage, key, { maxLength: 100 });
          const count = Number(new TextDecoder().decode(found?.bytes)) + 1;
          if ((await swap(String(count), found?.info.etag ?? null)).swapped) return;
        }
      };
      await Promise.all(racers.map(increment));
      expect(await textOf()).toBe(String(racers.length));
    });
    test('readers meanwhile see one state or the other, never a mixture', async () => {
      const states = ['a', 'b'].map((letter) => letter.repeat(50_000));
      await swap(states[0] ?? '', null);
      const progress = { done: false };
      const reader = async (): Promise<number> => {
        let reads = 0;
        for (; !progress.done; reads++) expect(states).toContain(await textOf());
        return reads;
      };
      const writer = async (): Promise<void> => {
        for (let i = 1; i <= 10; i++) await swap(states[i % 2] ?? '', await etag());
        progress.done = true;
      };
      const [reads] = await Promise.all([reader(), writer()]);
      expect(reads).toBeGreaterThan(0);
    });
  });

  describe('list', () => {
    const keys = ['a-b', 'a', 'a.b', 'b/1', 'b/10', 'b/2', 'b-1', 'b0', 'B', 'ｚ', '😀', 'z/y/x/w'].map(
      (name) => `contract/${name}`,
    );

    test('ascends by the bytes of the key, across folders', async () => {
      for (const name of keys) await put(name);
      const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await list('contract/')).toEqual(byBytes);
      expect((await list('')).filter((name) => name.startsWith('contract/'))).toEqual(byBytes);
    });
    const prefixes = {
      'contract/b': ['contract/b-1', 'contract/b/1', 'contract/b/10', 'contract/b/2', 'contract/b0'],
      'contract/b/': ['contract/b/1', 'contract/b/10', 'contract/b/2'],
      'contract/b/1': ['contract/b/1', 'contract/b/10'],
      'contract/z/y': ['contract/z/y/x/w'],
      'contract/a/': [],
      'contract/none/': [],
    };
    for (const [prefix, expected] of Object.entries(prefixes))
      test(`the prefix ${prefix} need not end at a slash`, async () => {
        for (const name of keys) await put(name);
        expect(await list(prefix)).toEqual(expected);
      });
    test('entries say size and date', async () => {
      await put(key, '0123456789');
      const entries: unknown[] = [];
      for await (const entry of storage.list('contract/')) entries.push(entry);
      expect(entries).toEqual([{ key, size: 10, modified: expect.any(Date) as unknown }]);
    });
    test('of 1,200 objects is complete, and can be left early', async () => {
      const names = Array.from({ length: 1200 }, (_, i) => `contract/page/${String(i).padStart(5, '0')}`);
      for (let i = 0; i < names.length; i += 40)
        await Promise.all(names.slice(i, i + 40).map((name) => put(name, '')));
      expect(await list('contract/page/')).toEqual(names);
      for await (const entry of storage.list('contract/page/')) {
        expect(entry.key).toBe(names[0]);
        break;
      }
    }, 120_000);
    for (const prefix of ['../', '/', 'a//', 'a/../', 'a\\', 'a\0', '.storage/', 'con/'])
      test(`the prefix ${JSON.stringify(prefix)} is refused`, () =>
        expect(list(prefix)).rejects.toThrow(code('STORAGE_BAD_KEY')));
  });

  describe('abort', () => {
    const reason = new Error('interrupted by the test');
    const aborted = AbortSignal.abort(reason);
    const calls: Record<string, () => Promise<unknown>> = {
      get: () => storage.get(key, { signal: aborted }),
      head: () => storage.head(key, { signal: aborted }),
      putIfAbsent: () => storage.putIfAbsent(key, utf8('2'), {}, { signal: aborted }),
      compareAndSwap: () => storage.compareAndSwap(key, utf8('2'), {}, null, { signal: aborted }),
      delete: () => storage.delete(key, { signal: aborted }),
      list: async () => {
        for await (const entry of storage.list('contract/', { signal: aborted }))
          expect(entry).toBeUndefined();
      },
    };
    for (const [name, call] of Object.entries(calls))
      test(`${name} rejects with the reason and changes nothing`, async () => {
        await put(key, '1');
        await expect(call()).rejects.toBe(reason);
        expect(await textOf()).toBe('1');
      });
    test('while a body streams in, nothing is stored', async () => {
      const controller = new AbortController();
      const open = async function* (): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(100_000);
        controller.abort(reason);
        yield new Uint8Array(100_000);
      };
      const call = storage.putIfAbsent(key, { length: 200_000, open }, {}, { signal: controller.signal });
      await expect(call).rejects.toBe(reason);
      expect(await storage.head(key)).toBeNull();
    });
    test('while a body streams out, it ends with the reason', async () => {
      await storage.putIfAbsent(key, new Uint8Array(5_000_000));
      const controller = new AbortController();
      const found = await storage.get(key, { signal: controller.signal });
      const consume = async (): Promise<void> => {
        for await (const chunk of found?.body ?? []) if (chunk.length > 0) controller.abort(reason);
      };
      await expect(consume()).rejects.toBe(reason);
    });
  });
}
