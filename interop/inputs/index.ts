import { delegations } from './delegations.ts';
import { documents } from './documents.ts';
import type { Input } from './input.ts';
import { roleNames, targetNames, urlNames } from './names.ts';
import { roots } from './roots.ts';
import { signatures } from './signatures.ts';
import { times } from './times.ts';
import { versions } from './versions.ts';

/** Bad inputs by the check that they aim at (THREATS.md, "Metadata and thresholds" and "Names"). */
export const inputs: ReadonlyMap<string, readonly Input[]> = new Map([
  ['Signatures and thresholds', signatures],
  ['Root', roots],
  ['Versions, lengths and hashes', versions],
  ['Expiry', times],
  ['Documents', documents],
  ['Delegations', delegations],
  ['Names', [...targetNames, ...urlNames, ...roleNames]],
]);
