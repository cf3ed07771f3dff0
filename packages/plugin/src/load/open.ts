import type { Packed } from '../pack/options.ts';
import type { Vault, VaultOptions } from './api.ts';
import type { ServerTextsOptions } from './mcp/server-texts.ts';

/**
 * Plugins of one repository for a program that runs them. Whatever was loaded ends with it; the timer that looks for
 * revocations does not keep the program alive.
 * @throws NO_REPOSITORY, AMBIGUOUS_REPOSITORY
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  return (await import('./vault.ts')).openVaultNow(options); // not at import: installing needs none of it
}

/** A packed MCP server with the texts that it shows in its manifest, unless its author has stated them. */
export async function withServerTexts(packed: Packed, options?: ServerTextsOptions): Promise<Packed> {
  return (await import('./mcp/server-texts.ts')).withServerTexts(packed, options);
}
