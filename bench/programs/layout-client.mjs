/**
 * Whole installs by a host that knows the root alone: refresh, then index, manifest and archive of one plugin. Arguments: folder,
 * plugins, versions of each, how many installs. Prints milliseconds, and the bytes of metadata of one.
 */
import './report.mjs';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Updater } from '@ragnos/client';

const [folder, plugins, versions, times] = process.argv.slice(2);
const root = readFileSync(join(folder, '1.root.json'));
const ms = [];
let metadata = 0;
for (let number = 0; number < Number(times); number++) {
  const dir = mkdtempSync(join(folder, 'client-'));
  const at = `vendors/acme/p${(number * 7919) % Number(plugins)}/`;
  const begun = performance.now();
  const baseUrl = pathToFileURL(`${join(folder, 'public')}/`).href;
  const updater = await Updater.open({ dir, baseUrl, root });
  await updater.refresh();
  for (const name of ['index.json', `p-1.0.${versions}.json`, `p-1.0.${versions}.tgz`])
    await updater.read(await updater.find(at + name), { maxLength: 10_000 });
  ms.push(performance.now() - begun);
  const fetched = readdirSync(dir, { recursive: true }).filter((name) =>
    /^(roles\/.*|snapshot|targets|timestamp)(\.json)?$/.test(name),
  );
  metadata = fetched.reduce((sum, name) => sum + (name === 'roles' ? 0 : statSync(join(dir, name)).size), 0);
}
console.log(JSON.stringify({ ms, metadata }));
