import { writeFileAtomic } from '@ragnos/disk';
import { generateSigner } from '@ragnos/signing';
import { basename, resolve } from 'node:path';
import type { Context } from '../command.ts';
import { keyType } from '../key-type.ts';
import { publicKeyFile } from '../vendor/keys.ts';
import { passwordFor } from '../vault/passwords.ts';

/** A private key, encrypted, and beside it its public part, which may be shown to everybody. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const path = resolve(context.args[0] ?? '');
  const type = keyType(options.text('key-type'));
  const publicFile = `${path.replace(/\.p8$/, '')}.pub`;
  if (context.dryRun) {
    voice.answer({ file: path, publicFile, type, dryRun: true }, [`would make a ${type} key in ${path}`]);
    return;
  }
  const { key } = await generateSigner({
    path,
    type,
    password: passwordFor(basename(path).replace(/\.p8$/, ''), context),
    signal,
  });
  await writeFileAtomic(publicFile, publicKeyFile(key), { mode: 0o644 });
  voice.answer({ file: path, publicFile, keyId: key.keyId, scheme: key.scheme }, [
    `key ${key.keyId}`,
    `private: ${path} (encrypted; whoever has it and its password signs as you)`,
    `public:  ${publicFile}`,
  ]);
  return;
}
