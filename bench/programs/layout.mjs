/**
 * Whole publishes of one plugin's version in a vendor with many, in one of two layouts. Arguments: folder, plugins, versions of each,
 * `bins` or `roles` (one delegated role per plugin, with keys of its own), bits of the bins, how many publishes. The repository is made
 * first. A version is three targets: archive, manifest and the plugin's index.
 */
import './report.mjs';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initRepository, Repository } from '@ragnos/repository';
import { verifiedSigner } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { newKey } from '@ragnos/tuf';
import { counted, Written } from './publisher.mjs';

const [folder, pluginsText, versionsText, layout, bits, timesText] = process.argv.slice(2);
const [plugins, versions, times] = [pluginsText, versionsText, timesText].map(Number);

/** Made on demand and gone with the process: nobody else signs here. */
const made = new Map();
const signerOf = (role) => {
  const known = made.get(role);
  if (known !== undefined) return known;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const signer = verifiedSigner({
    key: newKey('ed25519', 'ed25519', der.subarray(-32).toString('hex')),
    uri: 'bench:',
    signRaw: async (message) => sign(null, message, privateKey),
  });
  made.set(role, signer);
  return signer;
};
const by = (role) => ({ keys: [signerOf(role).key], threshold: 1 });
const delegation = (name, path) => ({ name, paths: [path], terminating: true, ...by(name) });
const delegations =
  layout === 'roles'
    ? Array.from({ length: plugins }, (_, number) =>
        delegation(`plugin.p${number}`, `vendors/acme/p${number}/*`),
      )
    : [{ ...delegation('vendor.acme', 'vendors/acme/*/*'), bins: { bitLength: Number(bits) } }];
const source = async (role) => [signerOf(role)];
const written = new Written();
mkdirSync(join(folder, 'public'), { recursive: true });
const storage = counted(fsStorage({ root: join(folder, 'public') }), written, false);
const top = ['root', 'timestamp', 'snapshot', 'targets'];
const { root } = await initRepository(storage, {
  signers: source,
  layout: { ...Object.fromEntries(top.map((role) => [role, by(role)])), delegations },
});
writeFileSync(join(folder, '1.root.json'), root);
const open = (store) =>
  Repository.open({
    storage: store,
    signers: source,
    staging: join(folder, 'staging'),
    mutable: (path) => path.endsWith('/index.json'),
  });
const at = (plugin) => `vendors/acme/p${plugin}/`;
const addVersion = async (draft, plugin, version) => {
  await draft.add(`${at(plugin)}p-1.0.${version}.tgz`, Buffer.from(`archive of ${plugin} ${version}`));
  await draft.add(
    `${at(plugin)}p-1.0.${version}.json`,
    Buffer.from(`{"plugin":${plugin},"version":${version}}`),
  );
};
const addIndex = async (draft, plugin, newest) =>
  draft.add(`${at(plugin)}index.json`, Buffer.from(`{"plugin":${plugin},"newest":${newest}}`));
const filling = await open(counted(storage, new Written(), true)); // the files of all those versions are not what is asked
await filling.publish(async (draft) => {
  for (let plugin = 0; plugin < plugins; plugin++) {
    for (let version = 0; version < versions; version++) await addVersion(draft, plugin, version);
    await addIndex(draft, plugin, versions - 1);
  }
});
await filling.close();
const repository = await open(storage);
const before = written.metadata;
const ms = [];
for (let number = 0; number < times; number++) {
  const begun = performance.now();
  const plugin = (number * 7919) % plugins;
  await repository.publish(async (draft) => {
    await addVersion(draft, plugin, versions);
    await addIndex(draft, plugin, versions);
  });
  ms.push(performance.now() - begun);
}
await repository.close();
console.log(JSON.stringify({ ms, metadata: Math.round((written.metadata - before) / times) }));
