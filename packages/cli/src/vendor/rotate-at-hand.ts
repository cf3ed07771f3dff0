import { handoverBytes, type VendorName } from '@ragnos/plugin';
import { keysNote, type RotateResult } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { vendorRole } from '../vault/layout.ts';
import type { Vault } from '../vault/vault.ts';
import { signaturesOf } from './sign.ts';
import { idOf, recordOwner } from './vault-vendors.ts';

/**
 * Replaces a key of a vendor where its keys are at hand: the keys before sign the handover, so that hosts follow by
 * themselves; delegation, role and record of the owner are one commit.
 */
export async function rotateVendorKey(
  vault: Vault,
  vendor: VendorName,
  signers: { readonly old: Signer; readonly new: Signer },
  signal: AbortSignal,
): Promise<RotateResult> {
  const role = vendorRole(vendor);
  const repositoryId = await idOf(vault, signal);
  const before = await vault.repository.layoutOf(role, { signal });
  const keys = before.keys.map((key) => (key.keyId === signers.old.key.keyId ? signers.new.key : key));
  const { threshold } = before;
  const message = handoverBytes(repositoryId, vendor, before, { keys, threshold });
  const atHand: Signer[] = [signers.old];
  for (const { keyId } of before.keys) {
    const known = vault.config.keys[keyId];
    if (known !== undefined && keyId !== signers.old.key.keyId)
      atHand.push(await vault.openSigner(role, known.uri));
  }
  const handover = await signaturesOf(message, atHand, signal);
  const publish = await vault.repository.publish(
    async (draft) => {
      draft.note(keysNote(vendor, before.keys, keys));
      await recordOwner(draft, vendor, { keys, threshold, handover });
      await draft.edit({ kind: 'keys', role, keys, threshold });
    },
    { signal },
  );
  return { role, rootVersion: null, publish };
}
