import { join } from 'node:path';
import { writeFileAtomic } from '@ragnos/disk';
import { vendorName } from '@ragnos/plugin';
import {
  defaultAudit,
  differences,
  initRepository,
  Repository,
  wordsOf,
  type RepositoryLayout,
} from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { parseMetadata, roleName, rootFingerprint } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { clientsOf, firstVendor, readyStore } from '../commands/init.ts';
import { keyType } from '../key-type.ts';
import { confirm } from '../prompt.ts';
import type { VaultConfig } from '../vault/config.ts';
import { finishedRoot } from '../vault/finished-root.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { begunVault, newVault, openKeys, refuseOccupied, type MakeRepository } from '../vault/new-vault.ts';
import { lifetimesOf, storeOf } from '../vault/vault.ts';
import { version } from '../version.ts';
import { finish, Minutes, type Finished } from './ceremony.ts';
import { takeSeats, type KeyHolder, type Table } from './participants.ts';

export type FirstRoot = Finished & { readonly fingerprint: string };

/**
 * A repository whose first root needs several people from the first day on: `ragv init`, with the root keys elsewhere. As there,
 * with a store elsewhere the online keys are in their place first, and the same command completes what was begun.
 */
export async function firstRoot(folder: string, table: Table, context: Context): Promise<FirstRoot> {
  const { options, signal, voice } = context;
  const { given, threshold } = table;
  const store = options.text('store');
  const begun = store === undefined ? null : await begunVault(folder, store);
  const vendor = begun === null ? firstVendor(options.text('vendor')) : vendorName(begun.vendor);
  const compat = clientsOf(options.list('compat'));
  const type = keyType(options.text('key-type'));
  const isThere = begun === null && (await refuseOccupied(folder));
  const where = store === undefined ? folder : `${folder} and ${store}`;
  const what = `This makes ${where} with a root of ${threshold} of ${given.length}`;
  await confirm(what, 'root', options.flag('yes'), signal);
  if (store !== undefined) await readyStore(store, context);
  const minutes = new Minutes();
  const holders = await takeSeats(given, context);
  for (const { name, key, fresh } of holders)
    minutes.note(`${fresh ? 'made' : 'brought'} key ${key.keyId}`, name);
  const seated = { minutes, holders, threshold };
  if (begun !== null) {
    voice.note(`completing what was begun in ${store ?? folder}, with the keys in ${folder}`);
    return makeAt(folder, { config: begun, online: await openKeys(folder, begun, context) }, seated, context);
  }
  const roles = rolesOf(vendor).filter((role) => role !== 'root');
  const make: MakeRepository<FirstRoot> = (at, config, online) =>
    makeAt(at, { config, online }, seated, context);
  const made = await newVault(folder, isThere, { vendor, roles, type, store, compat }, make, context);
  return { ...made, file: join(folder, transcriptFile) };
}

const transcriptFile = join('ceremonies', 'root-1.json');

interface Begun {
  readonly config: VaultConfig;
  readonly online: ReadonlyMap<string, Signer>;
}

interface Seated {
  readonly minutes: Minutes;
  readonly holders: readonly KeyHolder[];
  readonly threshold: number;
}

/** The repository, the transcript, its entry in the audit log, and `1.root.json` last: it says that all of it is there. */
async function makeAt(
  folder: string,
  { config, online }: Begun,
  { minutes, holders, threshold }: Seated,
  context: Context,
): Promise<FirstRoot> {
  const { signal } = context;
  const people = holders.map(({ signer }) => signer).filter((signer) => signer !== null);
  const shared = {
    storage: await storeOf(folder, config),
    signers: (role: string): Promise<readonly Signer[]> =>
      Promise.resolve(role === 'root' ? people : [online.get(role)].filter((signer) => signer !== undefined)),
    staging: join(folder, 'staging'),
    lifetimes: lifetimesOf(config),
    compat: config.compat ?? [],
  };
  const keys = new Map([...online].map(([role, signer]) => [role, signer.key]));
  const layout: RepositoryLayout = {
    ...layoutFor(vendorName(config.vendor), keys),
    root: { keys: holders.map(({ key }) => key), threshold },
    lifetimes: shared.lifetimes,
  };
  const root = await initRepository(shared.storage, { ...shared, layout, signal })
    .then((made) => made.root)
    .catch((error: unknown) => finishedRoot(error, shared.storage, layout));
  for (const { name, signer } of holders) if (signer !== null) minutes.note('signed root version 1', name);
  const fingerprint = rootFingerprint(root);
  const after = parseMetadata(root, 'root').signed;
  const found = differences(null, after);
  const words = wordsOf([{ name: roleName('root'), before: null, after, differences: found }]);
  const roots = { root, previous: null, first: fingerprint };
  const done = await finish(minutes, roots, holders, words, join(folder, transcriptFile), context);
  const audit = { ...defaultAudit(), tool: `ragv ${version()}` };
  const repository = await Repository.open({ ...shared, audit });
  await repository.record({
    kind: 'ceremony',
    subject: fingerprint,
    keysAdded: holders.map(({ key }) => key.keyId),
    transcript: done.sha256,
  });
  await repository.close();
  for (const name of ['root.json', '1.root.json']) await writeFileAtomic(join(folder, name), root);
  return { ...done, fingerprint };
}
