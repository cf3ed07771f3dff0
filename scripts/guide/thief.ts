/**
 * `thief.ts <vault> <password file> [role]`: plays somebody who has the keys of timestamp and snapshot and can write to the store,
 * and takes every version number to its end, so that nothing newer can ever be published under those keys. With a role, whose
 * key the thief has as well, only its version number.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedPassword, openSigner, type Signer } from '@ragnos/signing';
import { takeVersions } from '@ragnos/testkit';

const [vault = '.', passwordFile = 'password', role] = process.argv.slice(2);
const password = fixedPassword((await readFile(passwordFile, 'utf8')).replace(/\n$/, ''));

/** The newest key file of a role. */
async function signerOf(name: string): Promise<Signer> {
  const files: { readonly path: string; readonly time: number }[] = [];
  for (const file of await readdir(join(vault, 'keys'))) {
    const path = join(vault, 'keys', file);
    if (file.startsWith(`${name}.`) && file.endsWith('.p8'))
      files.push({ path, time: (await stat(path)).mtimeMs });
  }
  const newest = files.toSorted((a, b) => b.time - a.time)[0]?.path;
  if (newest === undefined) throw new Error(`${vault} has no key of ${name}`);
  return openSigner(`file2:${newest}`, { password });
}

const metadata = join(vault, 'public', 'metadata');
await takeVersions({ metadata, sign: async (name, bytes) => (await signerOf(name)).sign(bytes) }, role);
