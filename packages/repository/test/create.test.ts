import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fsStorage } from '@ragnos/storage';
import { createRepository, objectMeta } from '@ragnos/repository';
import { Keyring, start, tempFolder, TestClient, text } from './world.ts';

test('a wheel and a public key are signed with one call', async () => {
  const folder = await tempFolder();
  const wheel = join(folder, 'thing-1.0-py3-none-any.whl');
  await writeFile(wheel, 'wheel');
  const keys = new Keyring();
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) keys.of(role);
  const { root, fingerprint } = await createRepository(
    join(folder, 'public'),
    [
      { path: 'thing-1.0-py3-none-any.whl', content: wheel, custom: { index: 'internal' } },
      { path: 'keys/release.pem', content: text('-----BEGIN PUBLIC KEY-----') },
    ],
    { signers: keys.source, now: start },
  );
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const client = await TestClient.refresh(fsStorage({ root: join(folder, 'public') }), root, start);
  expect(await client.read('thing-1.0-py3-none-any.whl')).toBe('wheel');
  expect(await client.read('keys/release.pem')).toBe('-----BEGIN PUBLIC KEY-----');
  expect((await readdir(join(folder, 'public'))).filter((name) => !name.startsWith('.'))).toEqual([
    'metadata',
    'targets',
  ]);
  await expect(createRepository(join(folder, 'public'), [], { signers: keys.source })).rejects.toMatchObject({
    code: 'REPOSITORY_EXISTS',
  });
});

test('what is private stays private', async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, 'public'));
  const keys = new Keyring();
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) keys.of(role);
  const staging = join(folder, 'staging');
  await createRepository(join(folder, 'public'), [{ path: 'a', content: text('a') }], {
    signers: keys.source,
    staging,
  });
  expect((await stat(staging)).mode & 0o077).toBe(0);
  expect((await stat(join(staging, 'seen.json'))).mode & 0o077).toBe(0);
});

test('how objects are to be served', () => {
  expect(objectMeta('metadata/timestamp.json')).toEqual({
    contentType: 'application/json',
    cacheControl: 'no-store',
  });
  expect(objectMeta('metadata/7.snapshot.json').cacheControl).toMatch(/immutable/);
  expect(objectMeta('targets/a/b.tgz').contentType).toBe('application/gzip');
});
