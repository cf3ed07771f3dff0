import { createHash } from 'node:crypto';

/** In hex, as it stands in metadata, manifests and what is shown to people. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
