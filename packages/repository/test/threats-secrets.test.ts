/** THREATS.md, "Keys and secrets": nothing private reaches the store, the audit log in it, an error, or the operator's folder. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { read, storageKey } from '@ragnos/storage';
import { expect, test } from 'vitest';
import { keysIn, sharedKeys, tempFolder, text, world } from './world.ts';

const roles = [
  'root',
  'timestamp',
  'snapshot',
  'targets',
  'policy',
  'catalog',
  'vendor.acme',
  'attestations',
];

test('after publishes, refusals and a rotation no private key is anywhere but in its file', async () => {
  const folder = await tempFolder();
  const [keysFile, staging] = [join(folder, 'keys.json'), join(folder, 'staging')];
  const made = await world({ keys: await sharedKeys(keysFile, roles), staging });
  const audit = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' } as const;
  const repository = await made.open({ audit });
  const said: string[] = [];
  const fails = (error: unknown): void =>
    void said.push(
      error instanceof Error ? `${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}` : '',
    );
  await repository.publish((draft) => draft.add('top', text('one')));
  await repository.publish((draft) => draft.add('top', text('two'))).catch(fails);
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', text('{')))).catch(fails);
  made.keys.held.delete('vendor.acme');
  await repository.publish((draft) => draft.add('vendors/acme/a/b', text('x'))).catch(fails);
  await repository.refresh({ force: true }).catch(fails);
  expect(said).toHaveLength(3);

  const places = [...said];
  for (const key of await keysIn(made.storage)) {
    const found = await read(made.storage, storageKey(key), { maxLength: 1e7 });
    places.push(Buffer.from(found?.bytes ?? text('')).toString('latin1'));
  }
  for (const entry of await readdir(staging, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) places.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
  const all = places.join('\n');
  const pem = await readFile(keysFile, 'utf8');
  const bodies = [...pem.matchAll(/PRIVATE KEY-----\\n([A-Za-z0-9+/=]{40,})/g)].map(
    (found) => found[1] ?? '',
  );
  expect(bodies).toHaveLength(roles.length);
  for (const secret of [...bodies, 'PRIVATE KEY']) expect(all).not.toContain(secret);
});
