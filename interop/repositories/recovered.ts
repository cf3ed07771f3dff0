import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noLedger, Repository, review, signEvent, type RoleEdit } from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
import {
  metadataToBytes,
  parseMetadata,
  roleName,
  signedToBytes,
  type MetaFile,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '@ragnos/tuf';
import { Keyring, newSigner } from './keyring.ts';
import { make, type Place, type State } from './made.ts';

const last = 2 ** 31 - 1;
const vendor = 'vendor';

/**
 * Somebody with the keys of snapshot, timestamp and a vendor publishes the vendor's role under its last version, which every
 * client follows; then one root without these keys, and low versions. The third state is read by whoever saw the second.
 */
export async function recovered(place: Place): Promise<readonly State[]> {
  const keys = new Keyring();
  const made = await make(place, keys, { delegations: [keys.delegation(vendor, ['vendor/*'])] });
  await made.add('top.txt', 'vendor/tool.txt');
  const states = [await made.state()];
  const live = join(place.folder, 'live');
  await forge(join(live, 'metadata'), keys);
  states.push(await made.state());
  const first = await readFile(join(live, 'metadata', '1.root.json'));
  const storage = fsStorage({ root: live });
  const repository = await Repository.open({ storage, signers: keys.source, keyOverlap: 0, damaged: true });
  const edits = ['timestamp', 'snapshot'].map((role) => newKey(keys, role));
  const deadline = new Date(Date.now() + 86_400_000);
  const event = await repository.proposeEvent({ edits, reason: 'stolen', deadline });
  const settings = { ledger: noLedger, now: new Date() };
  const signed = await signEvent(
    event,
    review(event, { root: first }, new Date()),
    keys.of('root'),
    settings,
  );
  await repository.applyEvent(signed.event);
  await repository.editRoles([newKey(keys, vendor)]);
  await repository.close();
  await made.add('vendor/later.txt');
  return [...states, await made.state()];
}

function newKey(keys: Keyring, role: string): RoleEdit {
  const fresh = newSigner('ecdsa-p256');
  keys.hold(role, [fresh]);
  return { kind: 'keys', role, keys: [fresh.key], threshold: 1 };
}

async function forge(metadata: string, keys: Keyring): Promise<void> {
  await mkdir(metadata, { recursive: true });
  const put = async (name: string, role: string, part: Targets | Snapshot | Timestamp): Promise<MetaFile> => {
    const [signer] = keys.of(role);
    if (signer === undefined) throw new Error(`no key of ${role}`);
    const message = signedToBytes(part);
    const bytes = metadataToBytes(message, [await signer.sign(message)]);
    await writeFile(join(metadata, name), bytes);
    return { version: part.version, length: null, hashes: null, unrecognized: new Map() };
  };
  const timestamp = parseMetadata(await readFile(join(metadata, 'timestamp.json')), 'timestamp').signed;
  const name = `${timestamp.snapshot.version}.snapshot.json`;
  const snapshot = parseMetadata(await readFile(join(metadata, name)), 'snapshot').signed;
  const before = snapshot.meta.get(roleName(vendor))?.version ?? 0;
  const own = parseMetadata(await readFile(join(metadata, `${before}.${vendor}.json`)), 'targets').signed;
  const role = await put(`${last}.${vendor}.json`, vendor, { ...own, version: last });
  const meta = new Map([...snapshot.meta, [roleName(vendor), role]]);
  const version = snapshot.version + 1;
  const listed = await put(`${version}.snapshot.json`, 'snapshot', { ...snapshot, version, meta });
  await put('timestamp.json', 'timestamp', {
    ...timestamp,
    version: timestamp.version + 1,
    snapshot: listed,
  });
}
