/** A host of your own, in a folder of its own: two packages of npm as plugins. */
import { openVault } from '@ragnos/plugin';

const vault = await openVault({ home: process.env.RAGV_HOME, workFolder: process.cwd() });
const marked = await vault.load('acme/marked');
console.log((await marked.call('parse', 'a *signed* word')).trim());
const table = await vault.load('acme/table');
console.log(JSON.stringify(await table.call('rows', 'name,born\nAda,1815')));
await vault.close();
