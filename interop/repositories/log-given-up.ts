import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { noLedger, Repository, signEvent } from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
import { Keyring } from './keyring.ts';
import { make, type Place, type State } from './made.ts';

/** The audit log of a repository is lost; root gives it up, and the timestamp names the one after it. Who saw the first state goes on. */
export async function logGivenUp(place: Place): Promise<readonly State[]> {
  const keys = new Keyring();
  const made = await make(place, keys);
  const live = join(place.folder, 'live');
  const storage = fsStorage({ root: live });
  const audit = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'interop' } as const;
  const repository = await Repository.open({ storage, signers: keys.source, compat: place.compat, audit });
  await repository.refresh({ force: true }); // from here on there is a log
  await made.add('top.txt');
  const states = [await made.state()];
  await rm(join(live, 'log'), { recursive: true });
  const deadline = new Date(Date.now() + 86_400_000);
  const event = await repository.proposeLogRestart({ reason: 'the disk died', deadline });
  if (event === null) throw new Error('approved already');
  const settings = { ledger: noLedger, now: new Date() };
  const signed = await signEvent(event, await repository.reviewEvent(event), keys.of('root'), settings);
  await repository.applyEvent(signed.event);
  await repository.close();
  await made.add('later.txt');
  return [...states, await made.state()];
}
