import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigner } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { confirm } from '../prompt.ts';
import { writeConfig } from '../vault/config.ts';
import { settleNewKey } from '../vault/new-key.ts';
import { passwordFor } from '../vault/passwords.ts';
import { openVault } from '../vault/vault.ts';

/** The new key is written and entered into ragv.toml before it is published: a crash leaves a key too many, never one too few. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const role = context.args[0] ?? '';
  const type = keyType(options.text('key-type'));
  const vault = await openVault(context);
  try {
    const status = await vault.repository.status({ signal });
    const current = status.roles.find((item) => item.role === role);
    if (current === undefined)
      throw new CliError('USAGE', `there is no role ${JSON.stringify(role)}`, {
        hint: `its roles: ${status.roles.map((item) => item.role).join(', ')}`,
      });
    const oldId = current.keyIds.find((id) => vault.config.keys[id] !== undefined);
    const old = oldId === undefined ? undefined : vault.config.keys[oldId];
    if (oldId === undefined || old === undefined)
      throw new CliError('USAGE', `no key of ${role} is in ragv.toml`, {
        hint: 'rotate it where its key is',
      });
    if (context.dryRun) {
      voice.answer({ role, old: oldId, dryRun: true }, [
        `would replace the key ${oldId.slice(0, 16)}… of ${role}`,
      ]);
      return;
    }
    if (role === 'root')
      await confirm('This replaces the key that can replace everything', role, options.flag('yes'), signal);
    const oldSigner = await vault.openSigner(role, old.uri);
    const uri = `file2:keys/${role}.${Date.now().toString(36)}.p8`;
    const path = join(vault.folder, uri.slice('file2:'.length));
    const newSigner = await generateSigner({ path, type, password: passwordFor(role, context), signal });
    const { key } = newSigner;
    const config = { ...vault.config, keys: { ...vault.config.keys, [key.keyId]: { role, uri } } };
    await writeConfig(vault.folder, config);
    const result = await vault.repository
      .rotateKey(role, newSigner, oldSigner, { signal })
      .catch(async (error: unknown) => {
        const fate = await settleNewKey(key.keyId, error, {
          // without the signal: Ctrl-C must not decide whether a key that is in use is kept
          named: async () =>
            new Set((await vault.repository.status({})).roles.flatMap((item) => item.keyIds.map(String))),
          remove: async () => {
            await writeConfig(vault.folder, vault.config);
            await rm(path, { force: true });
          },
        });
        if (fate === 'kept')
          voice.warn(`${uri} is kept, since ${role} may be signed by it already; see: ragv key list`);
        throw error;
      });
    voice.answer({ role, old: oldId, new: key.keyId, rootVersion: result.rootVersion }, [
      `${role} is now signed by ${key.keyId}`,
      result.rootVersion === null
        ? 'its delegator was re-signed'
        : `root version ${result.rootVersion} says so`,
    ]);
    voice.note(`the old key stays in ${old.uri}; destroy it when no client uses it any more`);
  } finally {
    await vault.repository.close();
  }
  return;
}
