import { createHash } from 'node:crypto';
import { topLevelKeys } from './delegation.ts';
import { MalformedMetadataError, RootPinMismatchError } from './errors.ts';
import { keyFingerprint } from './keys/verify.ts';
import type { Root } from './model.ts';

/** Hex sha256 of a root file's bytes: what people compare, over the telephone if need be. */
export function rootFingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws RootPinMismatchError unless `bytes` hash to `fingerprint` (64 hex digits, colons and case ignored) */
export function checkRootPin(bytes: Uint8Array, fingerprint: string): void {
  const wanted = fingerprint
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(wanted))
    throw new MalformedMetadataError(`not a sha256 fingerprint: ${fingerprint.slice(0, 100)}`);
  const actual = rootFingerprint(bytes);
  if (actual !== wanted)
    throw new RootPinMismatchError(`the root's fingerprint is ${actual}, expected was ${wanted}`);
}

/** Whether one signature is enough to replace this root: whoever steals that key owns the repository (DESIGN 10). */
export function replaceableBySingleKey(root: Root): boolean {
  const keys = topLevelKeys(root, 'root');
  const distinct = new Set(
    keys.keyIds.map((id) => root.keys.get(id)).map((key) => (key ? keyFingerprint(key) : null)),
  );
  distinct.delete(null);
  return keys.threshold <= 1 || distinct.size <= 1;
}
