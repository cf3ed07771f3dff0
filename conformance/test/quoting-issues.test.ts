// Twins of the suite's test_quoting_issues.py, each under its name.
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { initialised } from './twin.ts';

const names = {
  '?': '%3F',
  '#': '%23',
  '/delegatedrole': '%2Fdelegatedrole',
  '../delegatedrole': '..%2Fdelegatedrole',
};
for (const [role, encoded] of Object.entries(names))
  test(`test_unusual_role_name[${role}]`, async () => {
    const twin = await initialised();
    twin.repo.delegate('targets', role);
    twin.repo.publish(role, 'targets', 'snapshot', 'timestamp');
    expect(await twin.download('nonexistent target')).toBe(1);
    expect(twin.repo.metadataAsked).toContain(`1.${encoded}.json`);
    expect(await twin.trusted()).toHaveLength(5);
    expect(await readdir(twin.metadata)).toContain(`${encoded}.json`);
  });
