import { createHash } from 'node:crypto';
import type { Signer } from '@ragnos/signing';
import {
  hexDigest,
  metadataToBytes,
  roleName,
  signedToBytes,
  targetPath,
  type TargetFile,
  type Targets,
} from '@ragnos/tuf';
import { testSigner } from '../keyring.ts';
import type { BadRole } from './ops.ts';

const day = 24 * 60 * 60 * 1000;

/** A vendor on a machine of its own: signs its role, and hands it in. */
export interface Handed {
  readonly role: string;
  readonly bytes: Uint8Array;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

export interface FarRole {
  /** Of the role in the repository. */
  readonly head: number;
  readonly version: number;
  readonly now: Date;
  readonly signers: readonly Signer[];
  readonly files: ReadonlyMap<string, string>;
  /** What is wrong with it. */
  readonly bad: BadRole | null;
}

export async function signFar({ head, version, now, signers, files, bad }: FarRole): Promise<Handed> {
  const listed = new Map(files);
  if (bad === 'path') listed.set('vendors/acme/b/1.tgz', 'stolen');
  if (bad === 'changed') listed.set('vendors/far/a/1.tgz', 'other than before');
  if (bad === 'absent' || bad === 'length') listed.set('vendors/far/a/3.tgz', 'a new one');
  const life = bad === 'expired' ? -day : bad === 'life' ? 500 * day : 300 * day;
  const signed: Targets = {
    type: 'targets',
    specVersion: '1.0.34',
    version: bad === 'version' ? head + 17 : bad === 'old' ? head : version,
    expires: new Date(Math.floor((now.getTime() + life) / 1000) * 1000),
    targets: new Map([...listed].map(([path, content]) => [targetPath(path), fileOf(content)])),
    delegations: bad === 'delegations' ? stranger() : null,
    unrecognized: new Map(),
  };
  const message = signedToBytes(signed);
  const by = bad === 'signatures' ? [testSigner()] : signers;
  const signatures = await Promise.all(
    by.map(async (signer) => ({ keyId: signer.key.keyId, sig: (await signer.sign(message)).sig })),
  );
  const bytes = bad === 'bytes' ? Buffer.from('{') : metadataToBytes(message, signatures);
  const contents = new Map(
    [...listed].map(([path, content]) => [path, new Uint8Array(Buffer.from(content))]),
  );
  if (bad === 'absent') contents.delete('vendors/far/a/3.tgz');
  if (bad === 'length') contents.set('vendors/far/a/3.tgz', Buffer.from('shorter'));
  return { role: bad === 'role' ? 'vendor.nobody' : 'vendor.far', bytes, contents };
}

function fileOf(content: string): TargetFile {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    length: Buffer.byteLength(content),
    hashes: new Map([['sha256', hexDigest(sha256)]]),
    custom: undefined,
    unrecognized: new Map(),
  };
}

function stranger(): Targets['delegations'] {
  const { key } = testSigner();
  const name = roleName('vendor.far.friend');
  const unrecognized = new Map();
  const role = { name, keyIds: [key.keyId], threshold: 1, terminating: true, unrecognized };
  const roles = [{ ...role, paths: ['vendors/far/*/*'], pathHashPrefixes: null }];
  return { keys: new Map([[key.keyId, key]]), roles, succinctRoles: null, unrecognized };
}
