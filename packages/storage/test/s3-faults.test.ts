/** What a store and a network do wrong, and what the driver makes of it. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  openStorage,
  prepareBucket,
  read,
  storageKey,
  type OpenStorageOptions,
  type Storage,
} from '@ragnos/storage';
import type { Fault } from './stand-in/server.ts';
import { s3StandIn, type S3StandIn } from './stand-in/s3.ts';

const key = storageKey('metadata/timestamp.json');
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const fast: OpenStorageOptions = { retry: { backoffMs: 1, attempts: 4 } };
/** Only where silence is the matter: on a busy machine everybody is silent for a moment. */
const patience = (fault: Fault): OpenStorageOptions => ({
  limits: { idleMs: fault === 'silent' ? 300 : 20_000 },
});
const code = (expected: string): unknown => expect.objectContaining({ name: 'StorageError', code: expected });

let server: S3StandIn;
let storage: Storage;
let other: Storage;
let rounds = 0;
const open = (parameters = '', options: OpenStorageOptions = {}): Promise<Storage> =>
  openStorage(server.uri('bucket', `r${rounds}`, parameters), { env: server.env, ...fast, ...options });

beforeAll(async () => {
  server = await s3StandIn();
  await prepareBucket(server.uri('bucket'), { env: server.env, objectLock: true });
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults = () => undefined;
  rounds++;
  storage = await open();
  other = await open();
});

/** The n-th request of the method from now on meets the fault; all other requests are served. */
function once(method: string, fault: Fault, at = 0): void {
  let seen = 0;
  server.faults = (asked) => (asked.method === method && seen++ === at ? fault : undefined);
}
const always = (method: string, fault: Fault): void => {
  server.faults = (asked) => (asked.method === method ? fault : undefined);
};
async function requestsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const from = server.asked.length;
  await work();
  const ofObjects = server.asked.slice(from).filter(({ path }) => path.endsWith(key)); // the bucket itself is asked for once
  return ofObjects.map(({ method }) => method);
}
const text = async (): Promise<string | undefined> => {
  server.faults = () => undefined;
  const found = await read(other, key, { maxLength: 1000 });
  return found === null ? undefined : Buffer.from(found.bytes).toString();
};

const passing: Readonly<Record<string, { readonly fault: Fault; readonly done: boolean }>> = {
  'done, the answer lost': { fault: 'lost', done: true },
  'not done, hung up': { fault: 'dropped', done: false },
  'not done, no sign of life': { fault: 'silent', done: false },
  'status 500, done': { fault: { status: 500, done: true }, done: true },
  'status 500, not done': { fault: { status: 500 }, done: false },
  'status 503': { fault: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }, done: false },
  'status 429': { fault: { status: 429 }, done: false },
  'status 409, another writes now': {
    fault: { status: 409, body: '<Error><Code>ConditionalRequestConflict</Code></Error>' },
    done: false,
  },
  'status 400, the request came too slowly': {
    fault: { status: 400, body: '<Error><Code>RequestTimeout</Code></Error>' },
    done: false,
  },
  'a page of a proxy': { fault: { status: 502, body: '<html>Bad Gateway</html>' }, done: false },
};

describe('a write whose answer is', () => {
  for (const [name, { fault, done }] of Object.entries(passing)) {
    test(`${name}: putIfAbsent reads before it writes again, and says created`, async () => {
      storage = await open('', patience(fault));
      once('PUT', fault);
      const asked = await requestsOf(async () =>
        expect(await storage.putIfAbsent(key, utf8('1'))).toMatchObject({ created: true }),
      );
      expect(asked).toEqual(done ? ['PUT', 'HEAD'] : ['PUT', 'HEAD', 'PUT']);
      expect(await text()).toBe('1');
    });
    test(`${name}: compareAndSwap says swapped, and the etag is good for the next`, async () => {
      storage = await open('', patience(fault));
      const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
      once('PUT', fault);
      const second = await storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '');
      expect(second).toMatchObject({ swapped: true });
      expect(
        await storage.compareAndSwap(key, utf8('3'), {}, second.swapped ? second.etag : ''),
      ).toMatchObject({ swapped: true });
      expect(await text()).toBe('3');
    });
    if (done) continue; // and nobody else can be first
    test(`${name}, while another is first: it says so`, async () => {
      storage = await open('', patience(fault));
      const before = async (): Promise<void> => {
        server.faults = () => undefined;
        await other.putIfAbsent(key, utf8('other'));
      };
      once('PUT', { before, fault });
      expect(await storage.putIfAbsent(key, utf8('1'))).toEqual({ created: false });
      expect(await text()).toBe('other');
    });
  }

  test('lost, and overtaken by others: it was swapped all the same', async () => {
    const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
    overtaken(3);
    expect(await storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '')).toMatchObject({
      swapped: true,
    });
    expect(await text()).toBe('other 2');
  });
  test('lost, and overtaken by more than can be remembered: unknown', async () => {
    const first = await storage.compareAndSwap(key, utf8('1'), {}, null);
    overtaken(20);
    const call = storage.compareAndSwap(key, utf8('2'), {}, first.swapped ? first.etag : '');
    await expect(call).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
  test('never there: bounded attempts, then unknown', async () => {
    always('PUT', { status: 503 });
    const asked = await requestsOf(() =>
      expect(storage.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_UNAVAILABLE')),
    );
    expect(asked.filter((method) => method === 'PUT')).toHaveLength(4);
  });

  /** The next swap is done and its answer lost; before its caller looks, so many others swap on top. */
  function overtaken(times: number): void {
    const swaps = async (): Promise<void> => {
      server.faults = () => undefined;
      for (let i = 0; i < times; i++) {
        const now = await other.head(key);
        await other.compareAndSwap(key, utf8(`other ${i}`), {}, now?.etag ?? null);
      }
    };
    once('PUT', { lostAfter: swaps });
  }
});

describe('a read', () => {
  for (const [name, { fault }] of Object.entries(passing))
    test(`with ${name} is asked again`, async () => {
      storage = await open('', patience(fault));
      await other.putIfAbsent(key, utf8('1'));
      once('GET', fault);
      expect(await read(storage, key, { maxLength: 10 })).not.toBeNull();
    });
  test('is given up after bounded attempts', async () => {
    always('GET', { status: 500 });
    const asked = await requestsOf(() =>
      expect(storage.get(key)).rejects.toThrow(code('STORAGE_UNAVAILABLE')),
    );
    expect(asked).toHaveLength(4);
  });
  test('of a small object costs one request', async () => {
    await other.putIfAbsent(key, utf8('1'));
    expect(await requestsOf(() => read(storage, key, { maxLength: 10 }))).toEqual(['GET']);
  });
  test('that is cut goes on where it was cut', async () => {
    const bytes = randomBytes(4_000_000);
    await other.putIfAbsent(key, bytes);
    let gets = 0;
    server.faults = ({ method }) => (method === 'GET' && gets++ > 0 && gets < 8 ? 'cut' : undefined);
    const found = await read(storage, key, { maxLength: bytes.length });
    expect(Buffer.compare(found?.bytes ?? Buffer.of(), bytes)).toBe(0);
    expect(gets).toBe(8);
  });
  test('of what is replaced meanwhile fails, and mixes nothing', async () => {
    const first = await other.putIfAbsent(key, randomBytes(3_000_000));
    const found = await storage.get(key);
    await other.compareAndSwap(key, randomBytes(3_000_000), {}, first.created ? first.etag : '');
    const consume = async (): Promise<void> => {
      for await (const piece of found?.body ?? []) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(consume()).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
  test('that drips is given up in time, though it never falls silent', async () => {
    await other.putIfAbsent(key, randomBytes(2000));
    const options = { retry: { attempts: 1 }, limits: { totalMs: 200, slowestBytesPerSecond: 1e9 } };
    const impatient = await open('', options);
    always('GET', 'drip');
    const begun = performance.now();
    await expect(impatient.get(key)).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
    expect(performance.now() - begun).toBeLessThan(5000); // 2,000 bytes would take 40 s
  });
  test('of a listing without end is bounded', async () => {
    for (let i = 0; i < 20; i++) await other.putIfAbsent(storageKey(`many/${i}`), utf8(''));
    const bounded = await open('', { limits: { answerMaxLength: 1000 } });
    const listing = async (): Promise<void> => {
      for await (const entry of bounded.list('many/')) expect(entry).toBeUndefined();
    };
    await expect(listing()).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
  test('of an answer with the wrong length is refused', async () => {
    await other.putIfAbsent(key, utf8('0123456789'));
    once('GET', { status: 206, headers: { etag: '"x"', 'content-range': 'bytes 0-9/10' }, body: '01234' });
    await expect(storage.get(key)).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
});

describe('a body', () => {
  test('that changes between being digested and being sent is refused, and nothing is stored', async () => {
    let opened = 0;
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(400_000).fill(opened++);
    };
    const call = storage.putIfAbsent(key, { length: 400_000, open });
    await expect(call).rejects.toThrow(code('STORAGE_MISMATCH'));
    expect(await text()).toBeUndefined();
  });
  test('that is damaged on the way is refused by the store and sent again', async () => {
    once('PUT', { status: 400, body: '<Error><Code>BadDigest</Code></Error>' });
    expect(await storage.putIfAbsent(key, utf8('1'))).toMatchObject({ created: true });
  });
  test('of more than 256 KiB is not sent when the object is there', async () => {
    await other.putIfAbsent(key, utf8('1'));
    expect(await requestsOf(() => storage.putIfAbsent(key, randomBytes(300_000)))).toEqual(['HEAD']);
  });
  test('carries its digests, signed', async () => {
    await storage.putIfAbsent(key, utf8('1'));
    const headers = server.asked.at(-1)?.headers;
    const digest = createHash('sha256').update('1');
    expect(headers?.get('x-amz-checksum-sha256')).toBe(digest.copy().digest('base64'));
    expect(headers?.get('x-amz-content-sha256')).toBe(digest.digest('hex'));
    expect(headers?.get('authorization')).toMatch(
      /SignedHeaders=[^,]*if-none-match[^,]*x-amz-checksum-sha256/,
    );
  });
});
