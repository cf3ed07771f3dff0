/** What the programs that publish share: a repository with one vendor in bins, and its keys in a file of the benchmark's own folder. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initRepository, Repository } from '@ragnos/repository';
import { verifiedSigner } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { newKey } from '@ragnos/tuf';

const roles = ['root', 'timestamp', 'snapshot', 'targets', 'catalog', 'vendor.acme'];

/** Bytes and files written, by the folder that they go to. */
export class Written {
  metadata = 0;
  targets = 0;
  log = 0;
  files = 0;
  count(key, length) {
    this[key.split('/')[0]] += length;
    this.files++;
  }
}

/** The store, counted. `skipTargets`: metadata alone is written, for a repository that only has to be large. */
export function counted(storage, written, skipTargets) {
  const length = (body) => body.length;
  return {
    ...storage,
    description: storage.description,
    get: (...args) => storage.get(...args),
    head: (...args) => storage.head(...args),
    list: (...args) => storage.list(...args),
    delete: (...args) => storage.delete(...args),
    putIfAbsent: async (key, body, ...rest) => {
      if (skipTargets && key.startsWith('targets/')) return { created: true };
      written.count(key, length(body));
      return storage.putIfAbsent(key, body, ...rest);
    },
    compareAndSwap: async (key, body, ...rest) => {
      written.count(key, length(body));
      return storage.compareAndSwap(key, body, ...rest);
    },
  };
}

function signerOf(pem) {
  const privateKey = createPrivateKey(pem);
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return verifiedSigner({
    key: newKey('ed25519', 'ed25519', der.subarray(-32).toString('hex')),
    uri: 'bench:',
    signRaw: async (message) => sign(null, message, privateKey),
  });
}

/**
 * Opens the repository below `folder`, made before if it is not there: one vendor in 2^bits bins, or in one role where bits are 0.
 * `signedBy`: who signs the bins of one that is made, `role` or `snapshot`.
 */
export async function openPublisher(folder, bits, options = {}) {
  const keyFile = join(folder, 'keys.json');
  if (!existsSync(keyFile)) {
    const pems = roles.map((role) => [
      role,
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ]);
    writeFileSync(keyFile, JSON.stringify(Object.fromEntries(pems)), { mode: 0o600 });
  }
  const signers = new Map(
    Object.entries(JSON.parse(readFileSync(keyFile, 'utf8'))).map(([role, pem]) => [role, signerOf(pem)]),
  );
  const source = async (role) => [signers.get(role)].filter((signer) => signer !== undefined);
  const written = new Written();
  mkdirSync(join(folder, 'public'), { recursive: true });
  const storage = counted(fsStorage({ root: join(folder, 'public') }), written, options.skipTargets === true);
  const by = (role) => ({ keys: [signers.get(role).key], threshold: 1 });
  if (!existsSync(join(folder, 'public', 'metadata', 'timestamp.json'))) {
    const vendor = {
      name: 'vendor.acme',
      paths: ['vendors/acme/*/*'],
      terminating: true,
      ...by('vendor.acme'),
    };
    const { root } = await initRepository(storage, {
      signers: source,
      layout: {
        ...Object.fromEntries(roles.slice(0, 4).map((role) => [role, by(role)])),
        delegations: [
          { name: 'catalog', paths: ['catalog/*'], terminating: true, ...by('catalog') },
          bits > 0 ? { ...vendor, bins: { bitLength: bits, signedBy: options.signedBy ?? 'role' } } : vendor,
        ],
      },
    });
    writeFileSync(join(folder, '1.root.json'), root);
  }
  const repository = await Repository.open({
    storage,
    signers: source,
    staging: join(folder, 'staging'),
    mutable: (path) => path.startsWith('catalog/'),
    ...(options.audit === true
      ? { audit: { actor: { type: 'service', name: 'bench' }, host: 'bench', tool: 'bench' } }
      : {}),
  });
  return { repository, written };
}
