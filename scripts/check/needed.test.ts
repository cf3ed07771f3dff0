import { expect, test } from 'vitest';
import { closing, isRequired, judge, neededHere } from './needed.ts';

const here = { name: 'node', missing: null, untested: 'nothing on Node', hint: 'get one' };
const missing = { name: 'sandbox', missing: 'no sandbox', untested: 'nothing of it', hint: 'get one' };

test('required is what CI says, and who asks for it', () => {
  expect(isRequired({})).toBe(false);
  expect(isRequired({ CI: 'false', RAGV_REQUIRE_SANDBOX: '0' })).toBe(false);
  expect(isRequired({ CI: 'true' })).toBe(true);
  expect(isRequired({ RAGV_REQUIRE_SANDBOX: '1' })).toBe(true);
});

test('what is here passes, required or not', async () => {
  for (const required of [true, false])
    expect(await judge([here], required)).toMatchObject([{ passed: 1, failed: 0, skipped: 0 }]);
  expect(closing([here])).toEqual([]);
});

test('what is missing fails where it is required, with a hint', async () => {
  const [outcome] = await judge([missing], true);
  expect(outcome).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
  expect(outcome?.output).toMatch(/^no sandbox: nothing of it\nhint: get one\n/);
});

test('elsewhere it is counted as skipped, and said at the end', async () => {
  expect(await judge([here, missing], false)).toMatchObject([
    { passed: 1 },
    { passed: 0, failed: 0, skipped: 1, output: 'no sandbox: nothing of it\nhint: get one' },
  ]);
  expect(closing([here, missing])).toEqual([
    'SKIPPED, AND COUNTED BELOW: nothing of it, since no sandbox (get one)',
  ]);
});

test('both are looked for on Linux', async () => {
  const names = (await neededHere()).map(({ name }) => name);
  expect(names).toEqual([
    ...(process.platform === 'linux' ? ['bubblewrap, to test in'] : []),
    'Node 24, to test on',
  ]);
});
