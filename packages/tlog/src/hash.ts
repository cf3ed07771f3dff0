import { createHash } from 'node:crypto';

const leafMark = Buffer.of(0);
const nodeMark = Buffer.of(1);

/** RFC 6962, 2.1: a leaf and a node can never be taken for each other. */
export function leafHash(entry: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(leafMark).update(entry).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(nodeMark).update(left).update(right).digest();
}

/** The root of a tree without leaves. */
export const emptyRoot: Uint8Array = createHash('sha256').digest();

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

export function isSha256(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

export function sameHash(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
