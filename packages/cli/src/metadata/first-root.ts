import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '@ragnos/disk';
import {
  defaultAudit,
  differences,
  initRepository,
  Repository,
  wordsOf,
  type SignerSource,
} from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
import { parseMetadata, roleName, rootFingerprint } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { firstVendor, lifetimes, makeKeys, moveContent, refuseOccupied } from '../commands/init.ts';
import { keyType } from '../key-type.ts';
import { confirm } from '../prompt.ts';
import { writeConfig, type VaultConfig } from '../vault/config.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { lifetimesOf } from '../vault/vault.ts';
import { version } from '../version.ts';
import { finish, Minutes, type Finished } from './ceremony.ts';
import { takeSeats, type Table } from './participants.ts';

/** A repository whose first root needs several people from the first day on: `ragv init`, with the root keys elsewhere. */
export async function firstRoot(
  folder: string,
  { given, threshold }: Table,
  context: Context,
): Promise<Finished & { readonly fingerprint: string }> {
  const { options, signal } = context;
  const vendor = firstVendor(options.text('vendor'));
  const type = keyType(options.text('key-type'));
  const isThere = await refuseOccupied(folder);
  await confirm(
    `This makes ${folder} with a root of ${threshold} of ${given.length}`,
    'root',
    options.flag('yes'),
    signal,
  );
  const minutes = new Minutes();
  const holders = await takeSeats(given, context);
  for (const { name, key, fresh } of holders)
    minutes.note(`${fresh ? 'made' : 'brought'} key ${key.keyId}`, name);
  makeFolders(dirname(folder), 0o777);
  const work = await mkdtemp(isThere ? join(folder, '.new-') : `${folder}.new-`);
  try {
    await mkdir(join(work, 'keys'), { mode: 0o700 });
    await mkdir(join(work, 'public'));
    const online = rolesOf(vendor).filter((role) => role !== 'root');
    const signers = await makeKeys(work, online, type, context);
    const keys = new Map([...signers].map(([role, signer]) => [role, signer.key]));
    const config: VaultConfig = { format: 1, vendor, lifetimes, keys: {} };
    for (const [role, key] of keys) config.keys[key.keyId] = { role, uri: `file2:keys/${role}.p8` };
    const people = holders.map(({ signer }) => signer).filter((signer) => signer !== null);
    const source: SignerSource = (role) =>
      Promise.resolve(
        role === 'root' ? people : [signers.get(role)].filter((signer) => signer !== undefined),
      );
    const shared = {
      storage: fsStorage({ root: join(work, 'public') }),
      signers: source,
      staging: join(work, 'staging'),
      lifetimes: lifetimesOf(config),
    };
    const made = await initRepository(shared.storage, {
      ...shared,
      layout: {
        ...layoutFor(vendor, keys),
        root: { keys: holders.map(({ key }) => key), threshold },
        lifetimes: shared.lifetimes,
      },
      signal,
    });
    for (const { name, signer } of holders) if (signer !== null) minutes.note('signed root version 1', name);
    await writeFile(join(work, '1.root.json'), made.root);
    await writeFile(join(work, 'root.json'), made.root);
    await writeConfig(work, config);
    const fingerprint = rootFingerprint(made.root);
    const after = parseMetadata(made.root, 'root').signed;
    const words = wordsOf([
      { name: roleName('root'), before: null, after, differences: differences(null, after) },
    ]);
    const roots = { root: made.root, previous: null, first: fingerprint };
    const at = join('ceremonies', 'root-1.json');
    const finished = await finish(minutes, roots, holders, words, join(work, at), context);
    const keyIds = holders.map(({ key }) => key.keyId);
    const repository = await Repository.open({
      ...shared,
      audit: { ...defaultAudit(), tool: `ragv ${version()}` },
    });
    await repository.record({
      kind: 'ceremony',
      subject: fingerprint,
      keysAdded: keyIds,
      transcript: finished.sha256,
    });
    await repository.close();
    await (isThere ? moveContent(work, folder) : rename(work, folder));
    return { ...finished, file: join(folder, at), fingerprint };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
