/** Asks a store for one object, with the providers' packages of a folder. Arguments: that folder, the address. Prints the error's code, or `null`. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStorage, StorageError, storageKey } from '@ragnos/storage';

const [folder = '', uri = ''] = process.argv.slice(2);
const from = pathToFileURL(join(folder, 'main.js')).href;
const optional: ReadonlySet<string> = new Set([
  '@aws-sdk/credential-provider-node',
  'google-auth-library',
  '@azure/identity',
]);
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, optional.has(specifier) ? { ...context, parentURL: from } : context),
});
try {
  const storage = await openStorage(uri);
  console.log((await storage.get(storageKey('a'))) === null ? 'null' : 'found');
} catch (error) {
  console.log(error instanceof StorageError ? `${error.code}: ${error.message}` : String(error));
}
