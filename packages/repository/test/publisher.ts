/** A process of its own that publishes. Arguments: folder, staging, keys file, name, how many, kill -9 after this write (0: never). */
import { fsStorage } from '@ragnos/storage';
import { objectMeta, Repository, watchWrites } from '@ragnos/repository';
import { readKeys } from './keyring.ts';

const [folder = '', staging = '', keysFile = '', name = '', count = '1', kill = '0'] = process.argv.slice(2);
const keys = await readKeys(keysFile);
const storage = watchWrites(fsStorage({ root: folder, metaOf: objectMeta }), ({ index }) => {
  if (index + 1 === Number(kill)) process.kill(process.pid, 'SIGKILL');
});
const repository = await Repository.open({
  storage,
  signers: keys.source,
  staging,
  mutable: (path) => path === 'index.json',
});
for (let i = 0; i < Number(count); i++)
  await repository.publish(async (draft) => {
    const index = Buffer.from((await draft.read('index.json')) ?? Buffer.from('')).toString();
    await draft.add('index.json', Buffer.from(`${index}${name}-${i}\n`));
    await draft.add(`vendors/acme/${name}/${i}`, Buffer.from(`${name}-${i}`));
  });
await repository.close();
