import type { Vault, VaultOptions } from './api.ts';

/**
 * Plugins of one repository for a program that runs them. Whatever was loaded ends with it; the timer that looks for
 * revocations does not keep the program alive.
 * @throws NO_REPOSITORY, AMBIGUOUS_REPOSITORY
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  return (await import('./vault.ts')).openVaultNow(options); // not at import: installing needs none of it
}
