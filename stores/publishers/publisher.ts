/**
 * A publisher in a process of its own, on a machine of its own as far as it can tell: it shares nothing with the others but the
 * store. Arguments: address, staging, keys file, name, how many. One line for each publish that is committed:
 * its number, milliseconds, tries, requests.
 */
import { Repository } from '@ragnos/repository';
import { openStorage } from '@ragnos/storage';
import { readKeys } from '../../packages/repository/test/keyring.ts';

const [uri = '', staging = '', keysFile = '', name = '', count = '0'] = process.argv.slice(2);
let requests = 0;
const storage = await openStorage(uri, { onRequest: () => void requests++ });
const repository = await Repository.open({
  storage,
  signers: (await readKeys(keysFile)).source,
  staging,
  mutable: (path) => path === 'index.json',
  maxAttempts: 500,
});

const linesOf = (bytes: Uint8Array | null): readonly string[] =>
  Buffer.from(bytes ?? Buffer.of())
    .toString()
    .split('\n')
    .filter((line) => line !== '');

// A publish that was committed is not repeated, though its process was killed before it could say so.
const before = linesOf(await repository.inspect((draft) => draft.read('index.json')));
let next = before.filter((line) => line.startsWith(`${name}-`)).length;
process.stdout.write(`begins at ${next}\n`);
for (; next < Number(count); next++) {
  const [begun, asked] = [performance.now(), requests];
  const { attempts } = await repository.publish(async (draft) => {
    const lines = linesOf(await draft.read('index.json'));
    await draft.add('index.json', Buffer.from(`${[...lines, `${name}-${next}`].join('\n')}\n`));
    await draft.add(`vendors/acme/${name}/${next}`, Buffer.from(`${name}-${next}`));
  });
  const milliseconds = (performance.now() - begun).toFixed(1);
  process.stdout.write(`${next} ${milliseconds} ${attempts} ${requests - asked}\n`);
}
await repository.close();
