import { join } from 'node:path';
import { generateSigner } from '@ragnos/signing';
import type { Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { keyType } from '../key-type.ts';
import { changeKeys, refuseUneditable } from '../vault/edit-config.ts';
import { passwordFor } from '../vault/passwords.ts';
import type { Vault } from '../vault/vault.ts';

/**
 * One new key for each of `roles`, below `keys/` and entered into ragv.toml before anything names it: a crash leaves a key
 * too many, never one too few. The vault has to be opened again to sign with them.
 */
export async function newKeys(
  vault: Vault,
  roles: readonly string[],
  context: Context,
): Promise<ReadonlyMap<string, Key>> {
  const { options, signal } = context;
  const type = keyType(options.text('key-type'));
  const made = new Map<string, Key>();
  const added = new Map<string, { readonly role: string; readonly uri: string }>();
  await refuseUneditable(vault.folder);
  for (const role of roles) {
    const uri = `file2:keys/${role}.${Date.now().toString(36)}.p8`;
    const path = join(vault.folder, uri.slice('file2:'.length));
    const { key } = await generateSigner({ path, type, password: passwordFor(role, context), signal });
    added.set(key.keyId, { role, uri });
    made.set(role, key);
  }
  await changeKeys(vault.folder, (keys) => ({ ...keys, ...Object.fromEntries(added) }));
  return made;
}
