import { rename } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { world } from './world.ts';

const { pack, folder, path } = world();

describe('a folder is packed whatever it is called', () => {
  for (const name of ['with blank', 'we#ird', 'a@1.0.0', '%2e%2e', "it's", '-g', 'git+ssh:', 'node_modules'])
    test(`called ${name}`, async () => {
      await rename(await folder({ 'package.json': { name: 'hello', version: '1.0.0' } }), path(name));
      expect((await pack(path(name))).manifest.files).toHaveLength(1);
    });

  test('but not as an archive', async () => {
    await rename(await folder({ 'package.json': { name: 'hello', version: '1.0.0' } }), path('x.tgz'));
    await expect(pack(path('x.tgz'))).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });
});
