/** The same host afterwards: nothing is imported from a folder any more. */
import { readFile } from 'node:fs/promises';
import { openVault } from '@ragnos/plugin';

const folder = process.cwd();
const vault = await openVault({ home: process.env.RAGV_HOME, workFolder: folder });

let text = await readFile('document.txt', 'utf8');
for (const { vendor, plugin: name } of await vault.host.list()) {
  const plugin = await vault.load(`${vendor}/${name}`);
  plugin.on('log', ({ line }) => console.error(line));
  text = await plugin.call('transform', { text, folder });
}
await vault.close(); // and with it all that it loaded
process.stdout.write(text);
