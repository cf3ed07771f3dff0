import { createHash } from 'node:crypto';
import { assert, asyncProperty, record, string, uniqueArray, webUrl } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryStorage } from '@ragnos/storage';
import {
  AuditLog,
  emptyHead,
  listedRoles,
  listedTargets,
  logLimits,
  type LogEntry,
  type NewEntry,
} from '@ragnos/tlog';
import { readLine } from '../src/entry-json.ts';
import { append, collect, sample, start } from './samples.ts';

async function written(entry: NewEntry): Promise<{ readonly line: string; readonly entry: LogEntry }> {
  const log = new AuditLog(memoryStorage());
  const head = await append(log, emptyHead, entry);
  const [line] = await collect(log.lines(head));
  const [read] = await collect(log.entries(head));
  if (line === undefined || read === undefined) throw new Error('nothing was written');
  return { line: line.line, entry: read.entry };
}

const digest = 'a'.repeat(64);
const full: NewEntry = sample(0, {
  kind: 'ceremony',
  actor: { type: 'user', name: 'ann' },
  roles: listedRoles([
    { name: 'root', before: { version: 1, sha256: digest }, after: { version: 2, sha256: digest } },
    { name: 'timestamp', before: null, after: null },
  ]),
  targets: listedTargets([{ path: 'vendors/acme/hello/index.json', sha256: digest }]),
  keysAdded: [digest],
  keysRemoved: ['b'.repeat(64)],
  code: 'NONE',
  message: 'new keys',
  transcript: digest,
  subject: 'acme',
});

test('every member comes back as it was given, with an id', async () => {
  const { entry, line } = await written(full);
  expect(entry).toEqual({ ...full, id: entry.id, unrecognized: new Map() });
  expect(entry.id).toMatch(/^01a1fd8c6900-[0-9a-f]{16}$/);
  expect(Object.keys(JSON.parse(line) as object)).toEqual(Object.keys(JSON.parse(line) as object).toSorted());
});

test('the same entry twice is two entries', async () => {
  const [one, two] = [await written(full), await written(full)];
  expect(one.line).not.toBe(two.line);
});

test('members of a later version are kept, and so is its kind', async () => {
  const { line } = await written(sample(0));
  const later = line.replace('"kind":"publish"', '"kind":"teleport"').replace('"host"', '"hops":[1],"host"');
  const entry = readLine(later);
  expect(entry.kind).toBe('teleport');
  expect(entry.unrecognized).toEqual(new Map([['hops', [1]]]));
});

describe('refused when read', () => {
  const base =
    '{"actor":{"name":"acme","type":"vendor"},"host":"h","id":"019000000000-0000000000000000","kind":"publish","time":"2026-11-21T10:00:00.000Z","tool":"ragv 0.1.0"}';
  test('the base is good', () => expect(readLine(base).kind).toBe('publish'));
  const bad: Readonly<Record<string, string>> = {
    'not JSON': '{',
    'an array': '[]',
    'white space': base.replace(',"host"', ', "host"'),
    'a member twice': base.replace('"host":"h"', '"host":"h","host":"h"'),
    'members out of order': '{"b":1,"a":1}',
    'a fraction': base.replace('"host"', '"a":1.5,"host"'),
    'a number past 2^53': base.replace('"host"', '"a":9007199254740993,"host"'),
    'a lone surrogate': base.replace('"h"', String.raw`"\ud800"`),
    'nested too deep': base.replace('"host"', `"deep":${'['.repeat(20)}${']'.repeat(20)},"host"`),
    'no time': base.replace('"time":"2026-11-21T10:00:00.000Z",', ''),
    'a time in another form': base.replace('10:00:00.000Z', '10:00:00Z'),
    'a day that is not': base.replace('2026-11-21', '2026-02-30'),
    'an id of another form': base.replace('019000000000-', ''),
    'an actor of no type': base.replace('"vendor"', '"ghost"'),
    'an actor without a name': base.replace('"name":"acme",', ''),
    'an empty host': base.replace('"h"', '""'),
    'key ids that are numbers': base.replace('"kind"', '"keyIds":[1],"kind"'),
    'roles without a count': base.replace('"time"', `"roles":{"sha256":"${digest}","some":[]},"time"`),
    'a transcript that is no digest': base.replace(',"tool":"ragv 0.1.0"}', ',"tool":"r","transcript":"x"}'),
    'a prototype': base
      .replace('"actor":{', '"actor":{"__proto__":{"type":"user"},')
      .replace(',"type":"vendor"', ''),
  };
  for (const [name, line] of Object.entries(bad))
    test(`refused: ${name}`, () =>
      expect(() => readLine(line)).toThrow(expect.objectContaining({ code: 'LOG_BAD_ENTRY' })));
  test('larger than 8 KiB', () =>
    expect(() => readLine(base.replace('"h"', `"${'h'.repeat(8192)}"`))).toThrow(
      expect.objectContaining({ code: 'LOG_TOO_LARGE' }),
    ));
});

describe('refused when written, and nothing is stored', () => {
  const bad: Readonly<Record<string, readonly [NewEntry, string]>> = {
    'no time': [sample(0, { time: new Date(Number.NaN) }), 'LOG_BAD_ENTRY'],
    'a kind that there is not': [sample(0, { kind: 'teleport' as 'publish' }), 'LOG_BAD_ENTRY'],
    'an empty host': [sample(0, { host: '' }), 'LOG_BAD_ENTRY'],
    'more keys than fit': [sample(0, { keyIds: Array.from({ length: 200 }, () => digest) }), 'LOG_TOO_LARGE'],
  };
  for (const [name, [entry, code]] of Object.entries(bad))
    test(`refused: ${name}`, async () => {
      const storage = memoryStorage();
      const log = new AuditLog(storage);
      await expect((async () => log.stage(emptyHead, [entry]))()).rejects.toMatchObject({ code });
      expect(await collect(storage.list(''))).toEqual([]);
    });

  test('more entries than one commit may bring', async () => {
    const log = new AuditLog(memoryStorage());
    const many = Array.from({ length: logLimits.commitMaxEntries }, () => sample(0));
    await expect(log.stage(emptyHead, [sample(0), ...many])).rejects.toMatchObject({ code: 'LOG_TOO_LARGE' });
  });
});

test('a message is one line for a terminal, and is cut', async () => {
  const message = `line\n\u001b[31mred\u202egnp.exe ${'x'.repeat(1000)}`;
  const { entry } = await written(sample(0, { kind: 'refusal', message }));
  expect(entry.message).toMatch(/^line \[31mred gnp\.exe x+…$/);
  expect(entry.message).toHaveLength(logLimits.textMaxLength);
});

test('any text goes in and comes out', async () => {
  await assert(
    asyncProperty(
      record({ name: string({ minLength: 1, maxLength: 60, unit: 'binary' }) }),
      async ({ name }) => {
        const { entry, line } = await written(sample(0, { host: name, subject: name }));
        expect([entry.host, entry.subject]).toEqual([name, name]);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      },
    ),
    { numRuns: 60 },
  );
});

test('a line is a line for every tool', async () => {
  const subject = 'a\nb\rc\u0085d\u2028e\u2029f\u009b31mg\u007f';
  const { entry, line } = await written(sample(0, { subject }));
  expect(entry.subject).toBe(subject);
  expect(line).toContain(String.raw`a\nb\rc\u0085d\u2028e\u2029f\u009b31mg\u007f`);
});

test('a list of any length fits, with its count and the digest of all of it', async () => {
  await assert(
    asyncProperty(uniqueArray(webUrl(), { maxLength: 200 }), async (paths) => {
      const targets = listedTargets(paths.map((path) => ({ path, sha256: digest })));
      const text = paths.map((path) => `${digest}  ${path}\n`);
      const sorted = text.map((line) => Buffer.from(line)).toSorted((a, b) => Buffer.compare(a, b));
      expect(targets.count).toBe(paths.length);
      expect(targets.sha256).toBe(createHash('sha256').update(Buffer.concat(sorted)).digest('hex'));
      const roles = listedRoles(
        paths.map((path) => ({
          name: path.slice(0, 200),
          before: null,
          after: { version: 1, sha256: digest },
        })),
      );
      const { entry } = await written(sample(0, { targets, roles, message: 'm'.repeat(5000) }));
      expect(entry.targets).toEqual(targets);
      expect(entry.time).toEqual(start);
    }),
    { numRuns: 40 },
  );
});

test('the order in which changes are given does not matter', () => {
  const changes = ['b', 'a', 'c'].map((path) => ({ path, sha256: null }));
  expect(listedTargets(changes)).toEqual(listedTargets(changes.toReversed()));
});
