import { expect, test } from 'vitest';
import { repositoryId, withRepositoryId, type Root } from '@ragnos/tuf';

const root = (unrecognized: Root['unrecognized']): Root => ({
  type: 'root',
  specVersion: '1.0.34',
  version: 1,
  expires: new Date(0),
  unrecognized,
  consistentSnapshot: true,
  keys: new Map(),
  roles: new Map(),
});

test('a root says which repository it is, and keeps its other members', () => {
  const id = 'a1'.repeat(32);
  const members = withRepositoryId(new Map([['x-other', 1]]), id);
  expect(repositoryId(root(members))).toBe(id);
  expect(members.get('x-other')).toBe(1);
  expect(members.get('x-ragnos-repository')).toBe(id);
});

const long = 'a1'.repeat(32);
test.each([undefined, 7, 'short', 'A1'.repeat(32), `x${long}`, `${long}x`, [long]])(
  'a root without a proper id has none: %s',
  (value) => {
    expect(
      repositoryId(root(value === undefined ? new Map() : new Map([['x-ragnos-repository', value]]))),
    ).toBeNull();
  },
);
