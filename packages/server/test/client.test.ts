import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync, sign } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Updater } from '@ragnos/client';
import { initRepository, objectMeta, Repository } from '@ragnos/repository';
import { createRepositoryServer } from '@ragnos/server';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { newKey, topLevelRoles } from '@ragnos/tuf';

function signer(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const hex = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  const key = newKey('ed25519', 'ed25519', hex);
  return verifiedSigner({
    key,
    uri: 'test:',
    signRaw: (message) => Promise.resolve(sign(null, message, privateKey)),
  });
}

async function vault() {
  const folder = await mkdtemp(join(tmpdir(), 'ragv-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const signers = new Map<string, Signer[]>();
  for (const role of [...topLevelRoles, 'acme', 'split']) signers.set(role, [signer()]);
  const source = (role: string): Promise<readonly Signer[]> => Promise.resolve(signers.get(role) ?? []);
  const of = (role: string) => ({ keys: (signers.get(role) ?? []).map(({ key }) => key), threshold: 1 });
  const storage = fsStorage({ root: join(folder, 'public'), create: true, metaOf: objectMeta });
  const layout = {
    root: of('root'),
    timestamp: of('timestamp'),
    snapshot: of('snapshot'),
    targets: of('targets'),
    delegations: [
      { name: 'acme', paths: ['vendors/acme/*/*'], terminating: true, ...of('acme') },
      { name: 'split', paths: ['split/*'], terminating: true, bins: { bitLength: 2 }, ...of('split') },
    ],
  };
  const { root } = await initRepository(storage, { layout, signers: source });
  const repository = await Repository.open({ storage, signers: source });
  const server = await createRepositoryServer({ storage });
  onTestFinished(async () => {
    await server.close({ deadline: 50 });
    await repository.close();
  });
  return { folder, signers, root, repository, server };
}

test('our client reads what we serve, over http and from the folder, across rotations of every top-level key', async () => {
  const { folder, signers, root, repository, server } = await vault();
  const places = [server.url, pathToFileURL(`${join(folder, 'public')}/`).href];
  const open = (baseUrl: string, dir: string): Promise<Updater> =>
    Updater.open({ dir: join(folder, dir), baseUrl, root });
  const clients = await Promise.all(places.map((url, i) => open(url, `client-${i}`)));
  const read = async (client: Updater, path: string): Promise<string | null> => {
    await client.refresh();
    const info = await client.find(path);
    return info === null ? null : Buffer.from(await client.read(info, { maxLength: 1000 })).toString();
  };
  const paths = ['vendors/acme/hello/index.json', 'split/a', 'top.txt'];
  await repository.publish(async (draft) => {
    for (const path of paths) await draft.add(path, Buffer.from(path));
  });
  for (const client of clients) for (const path of paths) expect(await read(client, path)).toBe(path);

  for (const role of topLevelRoles) {
    const [old] = signers.get(role) ?? [];
    const fresh = signer();
    if (old === undefined) throw new Error('no key');
    await repository.rotateKey(role, fresh, old);
    signers.set(role, [fresh]);
    await repository.publish((draft) => draft.add(`after-${role}`, Buffer.from(role)));
    for (const client of clients) {
      expect(await read(client, `after-${role}`)).toBe(role);
      expect(await read(client, 'split/a')).toBe('split/a');
    }
  }
  for (const [i, url] of places.entries())
    expect(await read(await open(url, `late-${i}`), 'top.txt')).toBe('top.txt');
});
