import { expect, test } from 'vitest';
import { storageKey } from '@ragnos/storage';
import { judge } from '../src/conditions.ts';
import { running, target } from './running.ts';
import { ask } from './raw.ts';

const tag = '"abc"';
const table: Readonly<Record<string, readonly [Parameters<typeof judge>[0], ReturnType<typeof judge>]>> = {
  'nothing asked': [{}, { status: 200 }],
  'same tag': [{ ifNoneMatch: '"abc"' }, { status: 304 }],
  'same tag, said to be weak': [{ ifNoneMatch: 'W/"abc"' }, { status: 304 }],
  'in a list': [{ ifNoneMatch: '"x", W/"y" ,"abc"' }, { status: 304 }],
  'any tag': [{ ifNoneMatch: ' * ' }, { status: 304 }],
  'another tag': [{ ifNoneMatch: '"abcd", "ab"' }, { status: 200 }],
  'unquoted tag': [{ ifNoneMatch: 'abc' }, { status: 200 }],
  'a tag with a comma in it': [{ ifNoneMatch: '"a,b", "c"' }, { status: 200 }],
  '304 goes before a range': [{ ifNoneMatch: '"abc"', range: 'bytes=0-1' }, { status: 304 }],
  'if-match fails': [{ ifMatch: '"x"' }, { status: 412 }],
  'if-match is strong': [{ ifMatch: 'W/"abc"' }, { status: 412 }],
  'if-match holds': [
    { ifMatch: '"abc"', range: 'bytes=2-3' },
    { status: 206, start: 2, end: 4 },
  ],
  'first bytes': [{ range: 'bytes=0-0' }, { status: 206, start: 0, end: 1 }],
  'open end': [{ range: 'bytes=4-' }, { status: 206, start: 4, end: 10 }],
  'past the end': [{ range: 'bytes=4-99' }, { status: 206, start: 4, end: 10 }],
  'last bytes': [{ range: 'bytes=-3' }, { status: 206, start: 7, end: 10 }],
  'more last bytes than there are': [{ range: 'bytes=-30' }, { status: 206, start: 0, end: 10 }],
  'no last bytes': [{ range: 'bytes=-0' }, { status: 416 }],
  'starts at the end': [{ range: 'bytes=10-' }, { status: 416 }],
  'starts past the end': [{ range: 'bytes=11-12' }, { status: 416 }],
  backwards: [{ range: 'bytes=3-2' }, { status: 200 }],
  'several ranges': [{ range: 'bytes=0-1,3-4' }, { status: 200 }],
  'another unit': [{ range: 'lines=0-1' }, { status: 200 }],
  'not a number': [{ range: 'bytes=a-b' }, { status: 200 }],
  'too many digits': [{ range: `bytes=${'9'.repeat(40)}-` }, { status: 200 }],
  'neither end': [{ range: 'bytes=-' }, { status: 200 }],
  'if-range holds': [
    { ifRange: '"abc"', range: 'bytes=1-1' },
    { status: 206, start: 1, end: 2 },
  ],
  'if-range is stale': [{ ifRange: '"old"', range: 'bytes=1-1' }, { status: 200 }],
  'if-range is weak': [{ ifRange: 'W/"abc"', range: 'bytes=1-1' }, { status: 200 }],
  'if-range is a date': [{ ifRange: 'Sat, 21 Nov 2026 00:00:00 GMT', range: 'bytes=1-1' }, { status: 200 }],
  'if-range is stale and the range is absurd': [{ ifRange: '"old"', range: 'bytes=99-' }, { status: 200 }],
};
test.for(Object.entries(table))('%s', ([, [conditions, verdict]]) => {
  expect(judge(conditions, tag, 10)).toEqual(verdict);
});

test('an empty file has no range', () => {
  expect(judge({ range: 'bytes=0-' }, tag, 0)).toEqual({ status: 416 });
  expect(judge({ range: 'bytes=-1' }, tag, 0)).toEqual({ status: 416 });
});

for (const path of [target, 'metadata/timestamp.json'])
  test(`over the wire: ${path}`, async () => {
    const { server } = await running();
    const whole = await ask(server.port, `/${path}`);
    const etag = whole.headers.get('etag') ?? '';
    const size = whole.body.length;

    const same = await ask(server.port, `/${path}`, { 'If-None-Match': etag });
    expect(same.status).toBe(304);
    expect(same.body).toHaveLength(0);
    expect(same.headers.get('etag')).toBe(etag);
    expect(same.headers.get('cache-control')).toBe(whole.headers.get('cache-control'));

    const part = await ask(server.port, `/${path}`, { Range: 'bytes=2-4', 'If-Range': etag });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 2-4/${size}`);
    expect(part.headers.get('content-length')).toBe('3');
    expect(part.body).toEqual(whole.body.subarray(2, 5));

    const stale = await ask(server.port, `/${path}`, { Range: 'bytes=2-4', 'If-Range': '"stale"' });
    expect(stale.status).toBe(200);
    expect(stale.body).toEqual(whole.body);

    const beyond = await ask(server.port, `/${path}`, { Range: 'bytes=1000-' });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${size}`);

    const headed = await ask(server.port, `/${path}`, { Range: 'bytes=2-4' }, 'HEAD');
    expect(headed.status).toBe(200);
    expect(headed.headers.get('content-length')).toBe(String(size));
  });

test('a download that goes on after the file was replaced gets the whole new file, never a splice', async () => {
  const { server, storage } = await running();
  const before = await ask(server.port, '/metadata/timestamp.json');
  const key = storageKey('metadata/timestamp.json');
  await storage.compareAndSwap(key, Buffer.from('{"v":2}'), {}, (await storage.head(key))?.etag ?? null);
  const resumed = await ask(server.port, `/${key}`, {
    Range: 'bytes=3-',
    'If-Range': before.headers.get('etag') ?? '',
  });
  expect(resumed.status).toBe(200);
  expect(resumed.body.toString()).toBe('{"v":2}');
});
