import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  metadataToBytes,
  parseMetadata,
  roleName,
  signedToBytes,
  type MetaFile,
  type Signature,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '@ragnos/tuf';

/** No client reads a version after this one. */
export const lastVersion = 2 ** 31 - 1;

/** Somebody who can write into a folder of metadata, and has keys. */
export interface Thief {
  readonly metadata: string;
  readonly sign: (role: string, bytes: Uint8Array) => Promise<Signature>;
}

/**
 * Takes every version number to its end, so that nothing newer can ever be published under those keys: of timestamp and
 * snapshot, or, with a role whose key the thief has as well, of that role alone. Every client follows.
 */
export async function takeVersions(thief: Thief, role?: string, version = lastVersion): Promise<void> {
  const { metadata } = thief;
  const old = parseMetadata(await readFile(join(metadata, 'timestamp.json')), 'timestamp').signed;
  const listed = join(metadata, `${old.snapshot.version}.snapshot.json`);
  const before = parseMetadata(await readFile(listed), 'snapshot').signed;
  if (role === undefined) {
    const file = await put(thief, `${version}.snapshot.json`, 'snapshot', { ...before, version });
    await put(thief, 'timestamp.json', 'timestamp', { ...old, version, snapshot: file });
    return;
  }
  const name = roleName(role);
  const own = join(metadata, `${before.meta.get(name)?.version ?? 0}.${role}.json`);
  const signed = parseMetadata(await readFile(own), 'targets').signed;
  const meta = new Map(before.meta);
  meta.set(name, await put(thief, `${version}.${role}.json`, role, { ...signed, version }));
  const snapshot = { ...before, version: before.version + 1, meta };
  const file = await put(thief, `${snapshot.version}.snapshot.json`, 'snapshot', snapshot);
  await put(thief, 'timestamp.json', 'timestamp', { ...old, version: old.version + 1, snapshot: file });
}

async function put(
  { metadata, sign }: Thief,
  name: string,
  by: string,
  part: Snapshot | Timestamp | Targets,
): Promise<MetaFile> {
  const bytes = signedToBytes(part);
  await writeFile(join(metadata, name), metadataToBytes(bytes, [await sign(by, bytes)]));
  return { version: part.version, length: null, hashes: null, unrecognized: new Map() };
}
