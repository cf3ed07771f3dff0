import type { Context } from '../command.ts';
import { readMetadataFile, roleOf } from '../metadata/files.ts';
import { showLines } from '../metadata/show-lines.ts';
import { sha256 } from '../sha256.ts';

/** What a file says; nothing is verified. */
export async function run(context: Context): Promise<undefined> {
  const file = await readMetadataFile(context.args[0] ?? '');
  const { metadata, bytes } = file;
  const role = roleOf(file, context);
  context.voice.answer(
    {
      role,
      sha256: sha256(bytes),
      signedSha256: sha256(metadata.signedBytes),
      signatures: metadata.signatures,
      signed: metadata.signed,
    },
    showLines(role, metadata, bytes),
  );
  context.voice.note('nothing of this was verified: ragv metadata verify');
  return;
}
