import type { Context } from '../command.ts';
import { table } from '../text.ts';
import { openVault } from '../vault/vault.ts';

/** From the metadata (who may sign) and from ragv.toml (where the keys are); no key is opened. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const vault = await openVault(context);
  try {
    const { roles } = await vault.repository.status({ signal });
    const trusted = new Map(
      roles.flatMap((role) => role.keyIds.map((id) => [String(id), role.role] as const)),
    );
    const known = Object.entries(vault.config.keys).map(([keyId, key]) => ({
      keyId,
      role: key.role,
      uri: key.uri,
      state: trusted.has(keyId) ? 'in use' : 'retired',
    }));
    const elsewhere = [...trusted]
      .filter(([id]) => vault.config.keys[id] === undefined)
      .map(([keyId, role]) => ({ keyId, role, uri: null, state: 'elsewhere' }));
    const keys = [...known, ...elsewhere];
    voice.answer(
      { keys },
      table(keys.map((key) => [key.role, key.state, `${key.keyId.slice(0, 16)}…`, key.uri ?? ''])),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
