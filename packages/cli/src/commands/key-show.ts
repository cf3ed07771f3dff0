import type { Context } from '../command.ts';
import { keyFile, openKey } from '../metadata/open-keys.ts';
import { publicKeyFile, readPublicKey } from '../vendor/keys.ts';

/** The public part of a key file; a private one is unlocked for it. */
export async function run(context: Context): Promise<undefined> {
  const { voice } = context;
  const file = context.args[0] ?? '';
  const key = file.endsWith('.pub') ? await readPublicKey(file) : (await openKey(keyFile(file), context)).key;
  voice.answer(
    { keyId: key.keyId, keytype: key.keyType, scheme: key.scheme, keyval: { public: key.public } },
    [Buffer.from(publicKeyFile(key)).toString().trimEnd()],
  );
  voice.note(`key ${key.keyId}, ${key.scheme}`);
  return;
}
