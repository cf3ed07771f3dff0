import { basename } from 'node:path';
import {
  hashFile,
  PublishError,
  type Change,
  type Draft,
  type FileContent,
  type PublishResult,
} from '@ragnos/repository';
import { targetPath, type TargetPath } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { bytes } from '../text.ts';
import { openVault, type Vault } from '../vault/vault.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const path = options.text('path');
  if (path !== undefined && context.args.length > 1)
    throw new CliError('USAGE', '--path is for one file, and several were given', {
      hint: 'use --below <folder>',
    });
  const below = options.text('below');
  const added: { readonly path: TargetPath; readonly content: FileContent }[] = [];
  for (const file of context.args) {
    const content = await hashFile(file, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      if (cause instanceof PublishError) throw cause;
      throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
    });
    const named =
      path ?? (below === undefined ? basename(file) : `${below.replace(/\/$/, '')}/${basename(file)}`);
    added.push({ path: targetPath(named), content });
  }
  const vault = await openVault(context);
  try {
    const change = async (draft: Draft): Promise<void> => {
      for (const { path: target, content } of added) await draft.add(target, content);
    };
    const result = context.dryRun ? null : await published(vault, change, context);
    if (context.dryRun) await vault.repository.inspect(change, { signal });
    voice.answer(
      {
        added: added.map(({ path: target, content }) => ({
          path: target,
          length: content.length,
          sha256: content.sha256,
        })),
        dryRun: context.dryRun,
        timestamp: result?.version ?? null,
      },
      added.map(
        ({ path: target, content }) =>
          `${context.dryRun ? 'would sign' : 'signed'} ${target}  ${bytes(content.length)}, sha256:${content.sha256}`,
      ),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}

/** @throws PublishError SIGNATURES_MISSING, with the command that asks those who have the keys */
async function published(
  vault: Vault,
  change: Change,
  { args, options, signal }: Context,
): Promise<PublishResult> {
  try {
    return await vault.repository.publish(change, { signal });
  } catch (error) {
    if (!(error instanceof PublishError && error.code === 'SIGNATURES_MISSING')) throw error;
    const below = options.text('below');
    const folder = below === undefined ? '' : ` --below ${below}`;
    const named =
      options.text('path') === undefined
        ? ''
        : '; there --below names the folder, and the file keeps its name';
    throw new PublishError(error.code, error.message, {
      cause: error,
      hint: `nothing was published; ask those who have the keys: ragv event create targets --add-target ${args.join(' ')}${folder}${named}`,
    });
  }
}
