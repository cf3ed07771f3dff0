/** `ragv init` with a store elsewhere, stopped at its very end: the same command completes it. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { containing, world, write } from './ragv.ts';

test('stopped after the last file of the repository: the same command gives its root back, and nobody else’s', async () => {
  const here = world({ RAGV_KEY_PASSWORD_FILE: 'password' });
  write(join(here.folder, 'password'), 'the secret of them all\n', 0o600);
  const store = join(here.folder, 'store');
  mkdirSync(store);
  const init = `init v --vendor acme --store ${pathToFileURL(store).href}`;
  expect(await here.ragv(init)).toMatchObject({ exit: 0 });
  const file = join(here.folder, 'v', '1.root.json');
  const root = readFileSync(file);
  rmSync(file);
  const again = await here.ragv(init);
  expect(again).toMatchObject({ exit: 0, stderr: containing('completing what was begun') });
  expect(readFileSync(file)).toEqual(root);
  expect(await here.ragv('status --vault v')).toMatchObject({ exit: 0 });
  const other = await here.ragv(init.replace('init v', 'init w'));
  expect(other).toMatchObject({ exit: 9, stderr: containing('[REPOSITORY_EXISTS]') });
}, 60_000);
