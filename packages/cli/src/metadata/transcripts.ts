import { read, storageKey } from '@ragnos/storage';
import { defaultLimits, metadataFileName, parseJson, Reader } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { readConfig } from '../vault/config.ts';
import { storeOf, vaultFolder } from '../vault/vault.ts';
import { CliError } from '../errors.ts';
import { readWhole } from './files.ts';

export interface TranscriptFiles {
  readonly transcript: Uint8Array;
  readonly root: Uint8Array;
  readonly previous: Uint8Array | null;
}

/** The roots that a transcript tells of: `--root` and `--previous`, or those that the vault publishes. */
export async function transcriptFiles(path: string, context: Context): Promise<TranscriptFiles> {
  const { options } = context;
  const transcript = await readWhole(path);
  const version = Reader.of(parseJson(transcript, path), path).object('signed').version('rootVersion');
  const [root, previous] = [options.text('root'), options.text('previous')];
  return {
    transcript,
    root: root === undefined ? await published(version, context) : await readWhole(root),
    previous:
      version === 1
        ? null
        : previous === undefined
          ? await published(version - 1, context)
          : await readWhole(previous),
  };
}

async function published(version: number, context: Context): Promise<Uint8Array> {
  const folder = vaultFolder(context);
  const storage = await storeOf(folder, await readConfig(folder));
  const key = storageKey(`metadata/${metadataFileName('root', version)}`);
  const found = await read(storage, key, { maxLength: defaultLimits.rootMaxLength, signal: context.signal });
  if (found !== null) return found.bytes;
  throw new CliError('NO_SUCH_FILE', `root version ${version} is not in this repository`, {
    hint: 'give --root <file>, and --previous <file> for a transcript of a later root',
  });
}
