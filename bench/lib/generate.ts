/** Writes a flat TUF repository of N targets with plain node:crypto, so that no peer's writer takes part. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, keyId, metadataToBytes, type JsonValue } from '@ragnos/tuf';

type Fields = { readonly [name: string]: JsonValue };

export interface Generated {
  readonly folder: string;
  readonly targetPath: string;
  readonly metadataBytes: number;
}

/** Below `folder`: metadata/, targets/ and one real target of `size` bytes among `count` listed ones. */
export async function generateFlat(folder: string, count: number, size: number): Promise<Generated> {
  await mkdir(join(folder, 'metadata'), { recursive: true });
  await mkdir(join(folder, 'targets', 'files'), { recursive: true });
  const content = Buffer.alloc(size, 'ragnos ');
  const digest = sha256(content);
  const real = 'files/real.bin';
  await writeFile(join(folder, 'targets', 'files', `${digest}.real.bin`), content);

  const keys = Object.fromEntries(
    ['root', 'targets', 'snapshot', 'timestamp'].map((role) => [role, newKey()]),
  );
  const common = { spec_version: '1.0.34', version: 1, expires: '2040-01-01T00:00:00Z' };
  const files: Record<string, JsonValue> = { [real]: { length: size, hashes: { sha256: digest } } };
  for (let index = 1; index < count; index++)
    files[`files/target-${String(index).padStart(7, '0')}.bin`] = {
      length: index,
      hashes: { sha256: sha256(Buffer.from(String(index))) },
    };

  const write = async (role: string, name: string, fields: Fields): Promise<Buffer> => {
    const key = keys[role]!;
    const signed = { _type: role, ...common, ...fields };
    const signedBytes = canonicalJson(signed);
    const sig = sign('sha256', signedBytes, key.privateKey).toString('hex');
    const bytes = Buffer.from(metadataToBytes(signedBytes, [{ keyId: keyId(key.id), sig }]));
    await writeFile(join(folder, 'metadata', name), bytes);
    return bytes;
  };
  const targets = await write('targets', '1.targets.json', { targets: files });
  const snapshot = await write('snapshot', '1.snapshot.json', {
    meta: { 'targets.json': metaFile(targets) },
  });
  await write('timestamp', 'timestamp.json', { meta: { 'snapshot.json': metaFile(snapshot) } });
  await write('root', '1.root.json', {
    consistent_snapshot: true,
    keys: Object.fromEntries(Object.values(keys).map((key) => [key.id, key.json])),
    roles: Object.fromEntries(
      Object.entries(keys).map(([role, key]) => [role, { keyids: [key.id], threshold: 1 }]),
    ),
  });
  return { folder, targetPath: real, metadataBytes: targets.length };
}

function metaFile(bytes: Buffer): Fields {
  return { version: 1, length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

function newKey(): { readonly id: string; readonly json: JsonValue; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const json = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  return { id: sha256(canonicalJson(json)), json, privateKey };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
