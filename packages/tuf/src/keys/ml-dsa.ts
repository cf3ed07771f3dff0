import { createHash } from 'node:crypto';

const prefix = Uint8Array.of(0x74, 0x75, 0x66, 1); // "tuf", version 1 of the key type

/**
 * What an `ml-dsa` key signs instead of the message (the TAP 21 proposal, as securesystemslib 1.6 has it): the prefix,
 * which keeps such a signature from meaning anything elsewhere, and the message's SHA-512. Whoever signs needs it too.
 */
export function mlDsaMessage(message: Uint8Array): Uint8Array {
  return Buffer.concat([prefix, createHash('sha512').update(message).digest()]);
}
