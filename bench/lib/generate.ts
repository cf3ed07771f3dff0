/** Writes TUF repositories of N targets with plain node:crypto, so that no peer's writer takes part. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, keyId, metadataToBytes, type JsonValue } from '@ragnos/tuf';

type Fields = { readonly [name: string]: JsonValue };

export interface Generated {
  readonly folder: string;
  /** One listed target that is really there. */
  readonly targetPath: string;
}

export interface Shape {
  readonly count: number;
  /** How targets are spread over delegated roles; `bits` of the sha256 of a path choose its bin (TAP 15, 4.5). */
  readonly bins?: { readonly kind: 'succinct' | 'hash prefixes'; readonly bits: number };
  /** Bytes of the real target. */
  readonly size: number;
}

/** Below `folder`: metadata/ and targets/, each role signed by one ECDSA key. */
export async function generate(folder: string, { count, bins, size }: Shape): Promise<Generated> {
  await mkdir(join(folder, 'metadata'), { recursive: true });
  await mkdir(join(folder, 'targets', 'files'), { recursive: true });
  const content = Buffer.alloc(size, 'ragnos ');
  const digest = sha256(content);
  const targetPath = 'files/real.bin';
  await writeFile(join(folder, 'targets', 'files', `${digest}.real.bin`), content);
  await mkdir(join(folder, 'targets', `${digest}.files`));
  await link(
    join(folder, 'targets', 'files', `${digest}.real.bin`),
    join(folder, 'targets', `${digest}.files`, 'real.bin'),
  ); // where tough asks
  const real: readonly [string, Fields] = [targetPath, { length: size, hashes: { sha256: digest } }];
  const files = [real, ...listed(count - 1)];

  const keys = newKeys();
  const write = (role: keyof Keys, name: string, fields: Fields): Promise<Buffer> =>
    writeRole(join(folder, 'metadata'), keys[role], name, role === 'bins' ? 'targets' : role, fields);
  const meta: Record<string, JsonValue> = {};
  let fields: Fields = { targets: Object.fromEntries(files) };
  if (bins !== undefined) {
    const names = binNames(bins.bits);
    const inBins = Map.groupBy(
      files,
      ([path]) => Number.parseInt(sha256(Buffer.from(path)).slice(0, 8), 16) >>> (32 - bins.bits),
    );
    for (const [index, name] of names.entries()) {
      await write('bins', `1.${name}.json`, { targets: Object.fromEntries(inBins.get(index) ?? []) });
      meta[`${name}.json`] = { version: 1 };
    }
    fields = { targets: {}, delegations: delegations(bins, names, keys.bins) };
  }
  meta['targets.json'] = metaFile(await write('targets', '1.targets.json', fields));
  const snapshot = await write('snapshot', '1.snapshot.json', { meta });
  await write('timestamp', 'timestamp.json', { meta: { 'snapshot.json': metaFile(snapshot) } });
  const { bins: _, ...top } = keys;
  await write('root', '1.root.json', {
    consistent_snapshot: true,
    keys: Object.fromEntries(Object.values(top).map((key) => [key.id, key.json])),
    roles: Object.fromEntries(
      Object.entries(top).map(([role, key]) => [role, { keyids: [key.id], threshold: 1 }]),
    ),
  });
  return { folder, targetPath };
}

function listed(count: number): readonly (readonly [string, Fields])[] {
  return Array.from({ length: count }, (_, index) => [
    `files/target-${String(index + 1).padStart(7, '0')}.bin`,
    { length: index + 1, hashes: { sha256: sha256(Buffer.from(String(index + 1))) } },
  ]);
}

function binNames(bits: number): readonly string[] {
  const digits = Math.ceil(bits / 4);
  return Array.from({ length: 2 ** bits }, (_, index) => `bin-${index.toString(16).padStart(digits, '0')}`);
}

function delegations(bins: NonNullable<Shape['bins']>, names: readonly string[], key: Key): Fields {
  const keys = { [key.id]: key.json };
  if (bins.kind === 'succinct')
    return {
      keys,
      succinct_roles: { keyids: [key.id], threshold: 1, bit_length: bins.bits, name_prefix: 'bin' },
    };
  // A prefix has whole hex digits: of 14 bits, each bin has the four prefixes of 16.
  const digits = Math.ceil(bins.bits / 4);
  const each = 2 ** (digits * 4 - bins.bits);
  const roles = names.map((name, index) => ({
    name,
    keyids: [key.id],
    threshold: 1,
    terminating: false,
    path_hash_prefixes: Array.from({ length: each }, (_, at) =>
      (index * each + at).toString(16).padStart(digits, '0'),
    ),
  }));
  return { keys, roles };
}

interface Key {
  readonly id: string;
  readonly json: JsonValue;
  readonly privateKey: KeyObject;
}

type Keys = Readonly<Record<'root' | 'targets' | 'snapshot' | 'timestamp' | 'bins', Key>>;

function newKeys(): Keys {
  return { root: newKey(), targets: newKey(), snapshot: newKey(), timestamp: newKey(), bins: newKey() };
}

function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const json = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  return { id: sha256(canonicalJson(json)), json, privateKey };
}

async function writeRole(
  folder: string,
  key: Key,
  name: string,
  type: string,
  fields: Fields,
): Promise<Buffer> {
  const common = { spec_version: '1.0.34', version: 1, expires: '2040-01-01T00:00:00Z' };
  const signedBytes = canonicalJson({ _type: type, ...common, ...fields });
  const sig = sign('sha256', signedBytes, key.privateKey).toString('hex');
  const bytes = Buffer.from(metadataToBytes(signedBytes, [{ keyId: keyId(key.id), sig }]));
  await writeFile(join(folder, name), bytes);
  return bytes;
}

function metaFile(bytes: Buffer): Fields {
  return { version: 1, length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
