/**
 * `thief.ts <vault> <password file> [role]`: plays somebody who has the keys of timestamp and snapshot and can write to the store,
 * and takes every version number to its end, so that nothing newer can ever be published under those keys. With a role, whose
 * key the thief has as well, only its version number.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedPassword, openSigner, type Signer } from '@ragnos/signing';
import {
  metadataToBytes,
  parseMetadata,
  roleName,
  signedToBytes,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '@ragnos/tuf';

const [vault = '.', passwordFile = 'password', role] = process.argv.slice(2);
const metadata = join(vault, 'public', 'metadata');
const password = fixedPassword((await readFile(passwordFile, 'utf8')).replace(/\n$/, ''));
const last = 2 ** 31 - 1;

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

async function put(name: string, by: string, part: Snapshot | Timestamp | Targets): Promise<void> {
  const bytes = signedToBytes(part);
  const file = metadataToBytes(bytes, [await (await signerOf(by)).sign(bytes)]);
  await writeFile(join(metadata, name), file);
}

const old = parseMetadata(await readFile(join(metadata, 'timestamp.json')), 'timestamp').signed;
const listed = join(metadata, `${old.snapshot.version}.snapshot.json`);
const before = parseMetadata(await readFile(listed), 'snapshot').signed;
const named = (version: number) => ({ version, length: null, hashes: null, unrecognized: new Map() });
let snapshot: Snapshot = { ...before, version: last };
if (role !== undefined) {
  const name = roleName(role);
  const file = join(metadata, `${before.meta.get(name)?.version ?? 0}.${role}.json`);
  await put(`${last}.${role}.json`, role, {
    ...parseMetadata(await readFile(file), 'targets').signed,
    version: last,
  });
  const meta = new Map([...before.meta, [name, named(last)]]);
  snapshot = { ...before, version: before.version + 1, meta };
}
await put(`${snapshot.version}.snapshot.json`, 'snapshot', snapshot);
const version = role === undefined ? last : old.version + 1;
await put('timestamp.json', 'timestamp', { ...old, version, snapshot: named(snapshot.version) });
