import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noLedger, Repository, review, signEvent, type RoleEdit } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { takeVersions } from '@ragnos/testkit';
import { Keyring, newSigner } from './keyring.ts';
import { make, type Place, type State } from './made.ts';

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
  await takeVersions(
    { metadata: join(live, 'metadata'), sign: (role, bytes) => signerOf(keys, role).sign(bytes) },
    vendor,
  );
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

function signerOf(keys: Keyring, role: string): Signer {
  const [signer] = keys.of(role);
  if (signer === undefined) throw new Error(`no key of ${role}`);
  return signer;
}

function newKey(keys: Keyring, role: string): RoleEdit {
  const fresh = newSigner('ecdsa-p256');
  keys.hold(role, [fresh]);
  return { kind: 'keys', role, keys: [fresh.key], threshold: 1 };
}
