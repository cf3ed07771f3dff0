// Runs in a process of its own: refreshes a host, and waits before it fetches the revocations until `go` is there.
import { defaultFetcher, type Fetcher } from '@ragnos/client';
import { openHost } from '@ragnos/plugin';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [home = '', now = '', waiting = '', go = ''] = process.argv.slice(2);
const disk = defaultFetcher({});
const fetcher: Fetcher = {
  async *fetch(url, options) {
    if (go !== '' && url.pathname.includes('revocations')) {
      writeFileSync(waiting, '');
      while (!existsSync(go)) await sleep(10);
    }
    yield* disk.fetch(url, options);
  },
};
const host = await openHost({ home, now: () => new Date(now), fetcher });
const { stale } = await host.status();
console.log(JSON.stringify(stale));
