import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from '../differences.ts';
import { inputs } from '../inputs/index.ts';
import { oursProblem, peerProblem, tryInput } from '../lib/bad-inputs.ts';
import { ours } from '../lib/job.ts';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'interop-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([...inputs])('%s', (_aim, list) => {
  test.concurrent.each(list.map((input) => [input.id, input] as const))('%s', async (_id, input) => {
    const where = await mkdtemp(join(folder, 'input-'));
    const outcome = (await tryInput(input, new Map([['ours', ours]]), where)).get('ours');
    expect(outcome).toBeDefined();
    expect(outcome && oursProblem(input, outcome)).toBeNull();
  });
});

test('every input has a name of its own, and says why when we accept it', () => {
  const all = [...inputs.values()].flat();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const { id, ours: code, tolerant } of all)
    expect([id, tolerant !== undefined]).toEqual([id, code === 'accepted']);
});

describe('differences', () => {
  const all = [...inputs.values()].flat();
  const refused = { kind: 'refused', error: 'X', message: '' } as const;
  const accepted = { kind: 'accepted' } as const;
  const input = (wanted: string): (typeof all)[number] => {
    const found = all.find(({ id }) => id === wanted);
    if (found === undefined) throw new Error(`no input ${wanted}`);
    return found;
  };

  test('are of inputs that there are', () => {
    const known = new Set(all.map(({ id }) => id));
    const explained = [...differences.values()].flatMap((byId) => [...byId.keys()]);
    expect(explained.filter((id) => !known.has(id))).toEqual([]);
  });

  test('fail without an explanation, and explanations without a difference', () => {
    const [one, other] = [input('one key under two ids'), input('expired root')];
    expect(peerProblem(one, 'tuf-js', refused, accepted)).toBeNull();
    expect(peerProblem(one, 'tuf-js', refused, refused)).toContain('there is no difference');
    expect(peerProblem(other, 'tuf-js', refused, refused)).toBeNull();
    expect(peerProblem(other, 'tuf-js', refused, accepted)).toContain('not explained');
  });
});
