import {
  eventFolder,
  metadataOf,
  review,
  signEvent,
  type EventFolder,
  type Review,
  type SigningEvent,
} from '@ragnos/repository';
import { SigningError, type Signer } from '@ragnos/signing';
import { rootFingerprint } from '@ragnos/tuf';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { confirm } from '../prompt.ts';
import type { Vault } from '../vault/vault.ts';
import { finish, Minutes, type Finished } from './ceremony.ts';
import { deadlineOf, changeLines, looks } from './events.ts';
import { namedUri, openKey, ownLedger } from './open-keys.ts';
import { takeSeats, type KeyHolder, type Table } from './participants.ts';

export interface SignedRoot {
  readonly event: SigningEvent;
  readonly seen: Review;
  readonly folder: EventFolder;
  /** `null`: signatures are missing, so there is no transcript yet. */
  readonly finished: Finished | null;
}

/** The next root, with the key holders of `table` and nobody else: signed by them and by as many of the old ones as are here. */
export async function nextRootAtTable(
  vault: Vault,
  { given, threshold }: Table,
  context: Context,
): Promise<SignedRoot> {
  const { options, voice, signal } = context;
  const minutes = new Minutes();
  const before = await vault.repository.root({ signal });
  const holders = await takeSeats(given, context);
  const leaving = await oldHolders(vault, holders, context);
  for (const { name, key, fresh } of [...holders, ...leaving])
    minutes.note(`${fresh ? 'made' : 'brought'} key ${key.keyId}`, name);
  const keys = holders.map(({ key }) => key);
  const event = await vault.repository.proposeEvent(
    {
      edits: [{ kind: 'keys', role: 'root', keys, threshold }],
      reason: options.text('reason') ?? 'root ceremony',
      deadline: deadlineOf(context),
    },
    { signal },
  );
  const trust = { root: before.bytes };
  const seen = review(event, trust, new Date());
  for (const line of changeLines({ event, state: 'open' }, seen, [])) voice.note(line);
  for (const line of looks(seen)) voice.warn(line);
  await confirm('This changes who can replace everything', 'root', options.flag('yes'), signal);
  const folder = eventFolder(join(vault.folder, 'staging'));
  await folder.create(event, { signal });
  const everybody = [...holders, ...leaving];
  let signed = event;
  for (const { name, signer } of everybody) {
    if (signer === null) continue;
    const settings = { ledger: ownLedger(context), now: new Date(), again: options.flag('again'), signal };
    signed = (await signEvent(signed, review(signed, trust, new Date()), [signer], settings)).event;
    minutes.note(`signed root version ${before.signed.version + 1}`, name);
  }
  await folder.update(event.id, () => Promise.resolve({ event: signed, state: 'open' }), { signal });
  const after = review(signed, trust, new Date());
  if (!after.complete) return { event: signed, seen: after, folder, finished: null };
  const version = before.signed.version + 1;
  const file = options.text('transcript') ?? join(vault.folder, 'ceremonies', `root-${version}.json`);
  const first = event.roots[0] ?? before.bytes;
  const roots = { root: rootOf(signed), previous: before.bytes, first: rootFingerprint(first) };
  const finished = await finish(minutes, roots, everybody, after.words, file, context);
  return { event: signed, seen: after, folder, finished };
}

function rootOf(event: SigningEvent): Uint8Array {
  const role = event.roles.find(({ name }) => name === 'root');
  if (role === undefined) throw new CliError('USAGE', 'there is nothing to change in the root');
  return metadataOf(role);
}

/** Who signs for the root that is in force, beside those who stay: `--old`, and the root keys of the vault. */
async function oldHolders(
  vault: Vault,
  holders: readonly KeyHolder[],
  context: Context,
): Promise<readonly KeyHolder[]> {
  const { options, signal } = context;
  const here = new Set<string>(holders.map(({ key }) => key.keyId));
  const found: KeyHolder[] = [];
  const add = (name: string, signer: Signer): void => {
    if (here.has(signer.key.keyId)) return;
    here.add(signer.key.keyId);
    found.push({ name, key: signer.key, signer, fresh: false });
  };
  for (const given of options.list('old')) {
    const key = namedUri(given, 'root');
    add(key.name, await openKey(key, context));
  }
  for (const { keyId } of (await vault.repository.layoutOf('root', { signal })).keys) {
    const own = vault.config.keys[keyId];
    if (own === undefined || here.has(keyId)) continue;
    try {
      add(`the vault's root key`, await vault.openSigner(own.role, own.uri));
    } catch (error) {
      if (!(error instanceof SigningError && error.code === 'KEY_NOT_FOUND')) throw error;
    }
  }
  return found;
}
