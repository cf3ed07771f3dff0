import { expect, test } from 'vitest';
import { runProbes } from '../../src/confine/probes/suite.ts';
import { probes } from '../../src/confine/probes/table.ts';
import { describeSuite, page } from './probe-suite.ts';
import { sandboxed } from './support.ts';

const minutes = 60_000;

test('there are more attempts than were measured before any of this was built', () => {
  expect(probes.length).toBeGreaterThan(31);
  expect(new Set(probes.map(({ id }) => id)).size).toBe(probes.length);
  expect(page).toContain(`${probes.length} attempts a mode`);
});

test('docs/sandbox.md says which are not controlled in mode trusted', () => {
  const line = page.split('\n').findIndex((one) => one.includes('Six are stopped even there'));
  const said = page.split('\n').slice(line, line + 2).join(' ').matchAll(/`([a-z]+-[a-z]+)`/g); // prettier-ignore
  const bare = probes.filter(({ control }) => control === 'bare').map(({ id }) => id);
  expect(bare).toHaveLength(6);
  expect(new Set([...said].map(([, id]) => id))).toEqual(new Set(bare));
});

describeSuite('Node 26', process.execPath);

test.skipIf(!sandboxed)(
  'a sandbox whose plugin is too large for a private copy holds the same',
  { timeout: 4 * minutes },
  async () => {
    const files = new Set(['fs.read', 'fs.write', 'code', 'native', 'eval']);
    const about = probes.filter(({ capability }) => files.has(capability)).map(({ id }) => id);
    const only = (id: string): boolean => about.includes(id);
    const { results } = await runProbes({ modes: ['sandbox'], only, privateCopy: false });
    expect(results).toHaveLength(about.length);
    expect(results.filter(({ outcome }) => outcome !== 'enforced')).toEqual([]);
  },
);
