import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PublishError, type RotateResult } from '@ragnos/repository';
import type { Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { carryOut } from '../metadata/carry-out.ts';
import { deadlineOf } from '../metadata/events.ts';
import { newKeys } from '../metadata/new-keys.ts';
import { namedKey, short } from '../metadata/proposals.ts';
import { confirm } from '../prompt.ts';
import { changeKeys } from '../vault/edit-config.ts';
import { vendorOfRole } from '../vault/layout.ts';
import { settleNewKey } from '../vault/new-key.ts';
import { openVault, type Vault } from '../vault/vault.ts';
import { readPublicKey } from '../vendor/keys.ts';
import { rotateVendorKey } from '../vendor/rotate-at-hand.ts';

/** At once where all signers are at hand; else the change becomes an event, and waits for the others (exit code 8). */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const role = context.args[0] ?? '';
  const vault = await openVault(context);
  try {
    const old = await oldKey(vault, role, context);
    const given = options.text('new-key');
    if (context.dryRun) {
      voice.answer({ role, old: old.keyId, dryRun: true }, [
        `would replace the key ${short(old.keyId)} of ${role}`,
      ]);
      return 0;
    }
    if (role === 'root')
      await confirm('This replaces a key that can replace everything', role, options.flag('yes'), signal);
    if (given !== undefined) return await byEvent(vault, role, old, await readPublicKey(given), context);
    const made = (await newKeys(vault, [role], context)).get(role);
    if (made === undefined) throw new CliError('USAGE', `no key of ${role} was made`);
    return await withNewKey(vault, role, old, made, context);
  } finally {
    await vault.repository.close();
  }
}

/** `--old-key`, or the one of them that is in this vault, or the only one. @throws CliError USAGE */
async function oldKey(vault: Vault, role: string, { options, signal }: Context): Promise<Key> {
  const { roles } = await vault.repository.status({ signal });
  if (roles.every((item) => item.role !== role))
    throw new CliError('USAGE', `there is no role ${JSON.stringify(role)}`, {
      hint: `its roles: ${roles.map((item) => item.role).join(', ')}`,
    });
  const { keys } = await vault.repository.layoutOf(role, { signal });
  const given = options.text('old-key');
  if (given !== undefined) return namedKey(given, keys, role);
  const own = keys.filter(({ keyId }) => vault.config.keys[keyId] !== undefined);
  const [key, ...others] = own.length > 0 ? own : keys;
  if (key !== undefined && others.length === 0) return key;
  throw new CliError('USAGE', `which key of ${role}?`, {
    hint: `give --old-key with one of ${keys.map(({ keyId }) => short(keyId)).join(', ')}`,
  });
}

async function withNewKey(
  vault: Vault,
  role: string,
  old: Key,
  made: Key,
  context: Context,
): Promise<number> {
  const { voice, signal } = context;
  const opened = await openVault(context); // with the new key in ragv.toml
  try {
    const uri = opened.config.keys[made.keyId]?.uri ?? '';
    const own = opened.config.keys[old.keyId];
    const result =
      own === undefined ? null : await atOnce(opened, role, { old: own.uri, new: uri }, made, context);
    if (result === null) return await byEvent(opened, role, old, made, context);
    voice.answer({ role, old: old.keyId, new: made.keyId, rootVersion: result.rootVersion }, [
      `${role} is now signed by ${made.keyId}`,
      result.rootVersion === null
        ? 'its delegator was re-signed'
        : `root version ${result.rootVersion} says so`,
    ]);
    voice.note(`the old key stays in ${own?.uri ?? ''}; destroy it when no client uses it any more`);
    signal.throwIfAborted();
    return 0;
  } finally {
    await opened.repository.close();
  }
}

/** `null`: signatures are missing, so nothing was published. */
async function atOnce(
  vault: Vault,
  role: string,
  uris: { readonly old: string; readonly new: string },
  made: Key,
  { voice, signal }: Context,
): Promise<RotateResult | null> {
  const oldSigner = await vault.openSigner(role, uris.old);
  const newSigner = await vault.openSigner(role, uris.new);
  try {
    const vendor = vendorOfRole(role); // whose hosts remember its keys
    return vendor === null
      ? await vault.repository.rotateKey(role, newSigner, oldSigner, { signal })
      : await rotateVendorKey(vault, vendor, { old: oldSigner, new: newSigner }, signal);
  } catch (error) {
    if (error instanceof PublishError && error.code === 'SIGNATURES_MISSING') return null;
    const fate = await settleNewKey(made.keyId, error, {
      // without the signal: Ctrl-C must not decide whether a key that is in use is kept
      named: async () =>
        new Set((await vault.repository.status({})).roles.flatMap((item) => item.keyIds.map(String))),
      remove: async () => {
        await changeKeys(vault.folder, (keys) =>
          Object.fromEntries(Object.entries(keys).filter(([id]) => id !== made.keyId)),
        );
        await rm(join(vault.folder, uris.new.slice('file2:'.length)), { force: true });
      },
    });
    if (fate === 'kept')
      voice.warn(`${uris.new} is kept, since ${role} may be signed by it already; see: ragv key list`);
    throw error;
  }
}

async function byEvent(vault: Vault, role: string, old: Key, next: Key, context: Context): Promise<number> {
  const { options, signal } = context;
  const { keys, threshold } = await vault.repository.layoutOf(role, { signal });
  const changed = keys.map((key) => (key.keyId === old.keyId ? next : key));
  const event = await vault.repository.proposeEvent(
    {
      edits: [{ kind: 'keys', role, keys: changed, threshold }],
      reason: options.text('reason') ?? `another key for ${role}`,
      deadline: deadlineOf(context),
    },
    { signal },
  );
  return carryOut(event, vault, context, { confirm: [`This replaces a key of ${role}`, role] });
}
