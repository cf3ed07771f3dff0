import { createHash } from 'node:crypto';
import { memoryStorage, storageKey, type Storage } from '@ragnos/storage';
import { createRepositoryServer, type RepositoryServer, type ServerOptions } from '@ragnos/server';
import { onTestFinished } from 'vitest';

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

export const content = Buffer.from('0123456789');
export const target = `targets/dir/${sha256(content)}.file.txt`;

/** A store with a timestamp, a root and one target; the server does not look into them. */
export async function filled(): Promise<Storage> {
  const storage = memoryStorage();
  await storage.putIfAbsent(storageKey('metadata/timestamp.json'), Buffer.from('{"v":1}'));
  await storage.putIfAbsent(storageKey('metadata/1.root.json'), Buffer.from('{"root":1}'));
  await storage.putIfAbsent(storageKey('metadata/1.a%2Fb.json'), Buffer.from('{"role":"a/b"}'));
  await storage.putIfAbsent(storageKey(target), content);
  return storage;
}

export async function running(
  options: Partial<ServerOptions> = {},
): Promise<{ readonly server: RepositoryServer; readonly storage: Storage }> {
  const storage = options.storage ?? (await filled());
  const server = await createRepositoryServer({ ...options, storage });
  onTestFinished(() => server.close({ deadline: 50 }));
  return { server, storage };
}
