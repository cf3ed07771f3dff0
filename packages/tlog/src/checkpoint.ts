import { createHash } from 'node:crypto';
import type { Signer, SignOptions } from '@ragnos/signing';
import { LogError } from './errors.ts';
import type { LogHead } from './head.ts';

/**
 * The head as C2SP tlog-checkpoint, a signed note, for tools that know nothing of TUF. `origin` names the log, and the key: a host
 * and a path without a scheme, say `vault.example/audit`. The signer holds an Ed25519 key of its own, which signs nothing else: a key
 * of a role would be asked to sign what is no metadata.
 *
 * Throws LOG_BAD_HEAD for an origin that cannot stand in a note, or another kind of key, and what the signer throws.
 */
export async function signCheckpoint(
  origin: string,
  head: LogHead,
  signer: Signer,
  options: SignOptions = {},
): Promise<string> {
  if (!/^[^\s+]{1,256}$/u.test(origin))
    throw new LogError('LOG_BAD_HEAD', `an origin is a word without "+", not ${JSON.stringify(origin)}`);
  const { keyType, public: publicKey } = signer.key;
  if (keyType !== 'ed25519') throw new LogError('LOG_BAD_HEAD', `a checkpoint is not signed with ${keyType}`);
  const text = `${origin}\n${head.size}\n${Buffer.from(head.root, 'hex').toString('base64')}\n`;
  const { sig } = await signer.sign(Buffer.from(text), options);
  const signature = Buffer.concat([noteKeyHash(origin, publicKey), Buffer.from(sig, 'hex')]);
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`;
}

/** The public key as tools want it (C2SP signed-note): `<origin>+<hash>+<key>`. */
export function checkpointKey(origin: string, { key }: Pick<Signer, 'key'>): string {
  const raw = Buffer.concat([ed25519, Buffer.from(key.public, 'hex')]).toString('base64');
  return `${origin}+${noteKeyHash(origin, key.public).toString('hex')}+${raw}`;
}

/** The signature type of Ed25519 in notes. */
const ed25519 = Buffer.of(1);

function noteKeyHash(name: string, publicKey: string): Buffer {
  const hash = createHash('sha256').update(`${name}\n`).update(ed25519).update(Buffer.from(publicKey, 'hex'));
  return hash.digest().subarray(0, 4);
}
