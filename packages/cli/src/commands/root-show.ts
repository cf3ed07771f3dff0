import type { Context } from '../command.ts';
import { readMetadata } from '@ragnos/repository';
import { rootFingerprint } from '@ragnos/tuf';
import { showLines } from '../metadata/show-lines.ts';
import { openVault } from '../vault/vault.ts';

/** The newest root of the vault, verified from its first one on. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const vault = await openVault(context);
  try {
    const { bytes, signed } = await vault.repository.root({ signal });
    const fingerprint = rootFingerprint(bytes);
    voice.answer(
      { version: signed.version, fingerprint, signed },
      showLines('root', readMetadata(bytes, 'root'), bytes),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
