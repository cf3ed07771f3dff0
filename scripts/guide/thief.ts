/**
 * `thief.ts <vault> <password file>`: plays somebody who has the keys of timestamp and snapshot and can write to the store,
 * and takes every version number to its end, so that nothing newer can ever be published under those keys.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedPassword, openSigner } from '@ragnos/signing';
import { metadataToBytes, parseMetadata, signedToBytes, type Snapshot, type Timestamp } from '@ragnos/tuf';

const [vault = '.', passwordFile = 'password'] = process.argv.slice(2);
const metadata = join(vault, 'public', 'metadata');
const password = fixedPassword((await readFile(passwordFile, 'utf8')).replace(/\n$/, ''));
const last = 2 ** 31 - 1;

async function signed(part: Snapshot | Timestamp): Promise<Uint8Array> {
  const signer = await openSigner(`file2:${join(vault, 'keys', `${part.type}.p8`)}`, { password });
  const bytes = signedToBytes(part);
  return metadataToBytes(bytes, [await signer.sign(bytes)]);
}

const old = parseMetadata(await readFile(join(metadata, 'timestamp.json')), 'timestamp').signed;
const file = join(metadata, `${old.snapshot.version}.snapshot.json`);
const snapshot = parseMetadata(await readFile(file), 'snapshot').signed;
await writeFile(join(metadata, `${last}.snapshot.json`), await signed({ ...snapshot, version: last }));
const named = { version: last, length: null, hashes: null, unrecognized: new Map() };
await writeFile(join(metadata, 'timestamp.json'), await signed({ ...old, version: last, snapshot: named }));
