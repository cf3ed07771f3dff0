/** A host as there are many: whatever lies in plugins/ is imported, and can do what the host can do. */
import { readdir, readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const folder = process.cwd();
let text = await readFile('document.txt', 'utf8');
for (const name of (await readdir('plugins')).toSorted()) {
  const plugin = await import(pathToFileURL(`${folder}/plugins/${name}/index.js`));
  text = plugin.transform
    ? await plugin.transform({ text, folder }, { log: console.error })
    : await new Promise((resolve) => plugin.default(text, resolve));
}
process.stdout.write(text);
