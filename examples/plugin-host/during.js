/** The same host while its plugins move: what is installed comes from the vault, what still lies in plugins/ from there. */
import { readdir, readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { openVault } from '@ragnos/plugin';

const folder = process.cwd();
const vault = await openVault({ home: process.env.RAGV_HOME, workFolder: folder });
const moved = new Set((await vault.host.list()).map(({ plugin }) => plugin));
const names = new Set([...moved, ...(await readdir('plugins'))]);

let text = await readFile('document.txt', 'utf8');
for (const name of [...names].toSorted((a, b) => (a < b ? -1 : 1))) {
  console.error(`${name}: ${moved.has(name) ? 'vault' : 'folder'}`);
  text = await (moved.has(name) ? fromVault(name, text) : fromFolder(name, text));
}
await vault.close();
process.stdout.write(text);

async function fromVault(name, given) {
  const plugin = await vault.load(`acme/${name}`);
  plugin.on('log', ({ line }) => console.error(line));
  const result = await plugin.call('transform', { text: given, folder });
  await plugin.close();
  return result;
}

async function fromFolder(name, given) {
  const plugin = await import(pathToFileURL(`${folder}/plugins/${name}/index.js`));
  return plugin.transform
    ? plugin.transform({ text: given, folder }, { log: console.error })
    : new Promise((resolve) => plugin.default(given, resolve));
}
