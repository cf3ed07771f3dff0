/** From the beginning of a publish until a client that polls over HTTP has the target's bytes. Arguments: folder, bits, how many. */
import './report.mjs';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Updater } from '@ragnos/client';
import { createRepositoryServer } from '@ragnos/server';
import { fsStorage } from '@ragnos/storage';
import { openPublisher } from './publisher.mjs';

const [folder, bits, times] = process.argv.slice(2);
const { repository } = await openPublisher(folder, Number(bits), { audit: true });
const server = await createRepositoryServer({
  storage: fsStorage({ root: join(folder, 'public') }),
  host: '127.0.0.1',
  port: 0,
});
const updater = await Updater.open({
  dir: mkdtempSync(join(folder, 'client-')),
  baseUrl: server.url,
  root: readFileSync(join(folder, '1.root.json')),
});
await updater.refresh();
const ms = [];
for (let number = 0; number < Number(times); number++) {
  const path = `vendors/acme/polled${number}-${Date.now()}/index.json`;
  const begun = performance.now();
  const done = repository.publish((draft) => draft.add(path, Buffer.from(`{"new":${number}}`)));
  for (;;) {
    await updater.refresh();
    const info = await updater.find(path);
    if (info !== null) {
      await updater.read(info, { maxLength: 1000 });
      break;
    }
    await sleep(50);
  }
  ms.push(performance.now() - begun);
  await done;
}
await server.close();
await repository.close();
console.log(JSON.stringify({ ms }));
