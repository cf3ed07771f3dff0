/** README promises every attack that is executed, and none that is not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attacks } from './attack-table.ts';
import { limits } from './postmark.ts';
import { attackTable, limitTable } from './readme-table.ts';
import { repositoryRoot } from './stage.ts';

test('README lists the attacks of the demo, how each is refused, and what no check stops', async () => {
  const readme = await readFile(join(repositoryRoot, 'README.md'), 'utf8');
  const tables = readme.match(/(?:^\|.*\n)+/gm) ?? [];
  expect(tables).toContain(attackTable(attacks));
  expect(tables).toContain(limitTable(limits));
});

test('no attack has the name of another', () => {
  const ids = [...attacks, ...limits].map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
});
