/** Asks a store for one object, with the providers' packages of a folder. Arguments: that folder, the address. Prints the error's code, or `null`. */
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStorage, StorageError, storageKey } from '@ragnos/storage';

const [folder = '', uri = ''] = process.argv.slice(2);
const there = createRequire(join(folder, 'main.js'));
const optional = ['@aws-sdk/credential-provider-node', 'google-auth-library', '@azure/identity'];
const urls = new Map(optional.map((name) => [name, pathToFileURL(there.resolve(name)).href]));
registerHooks({
  resolve: (specifier, context, next) => {
    const url = urls.get(specifier);
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});
try {
  const storage = await openStorage(uri);
  console.log((await storage.get(storageKey('a'))) === null ? 'null' : 'found');
} catch (error) {
  console.log(error instanceof StorageError ? `${error.code}: ${error.message}` : String(error));
}
