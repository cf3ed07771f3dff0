import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inputs } from '../inputs/index.ts';
import { oursProblem, tryInput } from '../lib/bad-inputs.ts';
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
