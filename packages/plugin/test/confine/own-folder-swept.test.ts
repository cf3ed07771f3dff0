/** What a host left that was killed while it made, or removed, a folder of its own: it has no lock, and is swept all the same. */
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeOwnFolder } from '../../src/confine/own-folder.ts';
import { temporary } from './support.ts';

test('an empty folder without a lock goes, unless somebody may be about to lock it', async () => {
  const base = temporary();
  const at = (name: string): string => path.join(base, `ragv-x-${name}`);
  for (const name of ['old', 'young', 'used']) mkdirSync(at(name));
  writeFileSync(path.join(at('used'), 'file'), 'x');
  mkdirSync(path.join(base, 'other'));
  const longAgo = new Date(Date.now() - 120_000);
  for (const folder of [at('old'), at('used'), path.join(base, 'other')])
    utimesSync(folder, longAgo, longAgo);
  const own = await makeOwnFolder('ragv-x-', base);
  expect(existsSync(at('old'))).toBe(false);
  expect(existsSync(at('young'))).toBe(true);
  expect(existsSync(at('used'))).toBe(true); // whatever that is, it is none of ours
  expect(existsSync(path.join(base, 'other'))).toBe(true);
  own.remove();
});
