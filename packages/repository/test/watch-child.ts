/** A process of its own that watches. Arguments: folder, staging, keys file. Says each event as a line; SIGTERM ends it. */
import { fsStorage } from '@ragnos/storage';
import { objectMeta, Repository, watch } from '@ragnos/repository';
import { readKeys } from './keyring.ts';
import { shortLives } from './watch-lives.ts';

const [folder = '', staging = '', keysFile = ''] = process.argv.slice(2);
const keys = await readKeys(keysFile);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const end = await watch({
  open: () =>
    Repository.open({
      storage: fsStorage({ root: folder, metaOf: objectMeta }),
      signers: keys.source,
      staging,
      lifetimes: shortLives,
    }),
  onEvent: (event) => {
    console.log(
      JSON.stringify({ kind: event.kind, ...(event.kind === 'trouble' ? { message: event.message } : {}) }),
    );
    return Promise.resolve();
  },
  signal: stop.signal,
  every: 500,
});
process.exitCode = end.reason === 'stopped' ? 0 : 1;
